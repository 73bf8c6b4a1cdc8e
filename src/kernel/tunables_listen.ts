/// Settings of listeners, half-open connections and protocol memory.
import type { TunableRow } from './tunables_entry.ts';

export const listenTunables: readonly TunableRow[] = [
  {
    id: 'net.core.somaxconn',
    meaning:
      'Cap on the backlog that listen() asks for. The backlog limits both the accept queue and the half-open connections; a listener keeps what it got.',
    unit: 'connections',
    default: '4096',
    range: '0 and more',
    step: 'IN-30',
    source: 'net/socket.c:__sys_listen',
  },
  {
    id: 'net.ipv4.tcp_syncookies',
    meaning:
      'What happens to a SYN when the request queue is full. 0: dropped; 1: answered with a cookie; 2: every SYN gets a cookie.',
    unit: '0, 1 or 2',
    default: '1',
    range: '0 to 255',
    step: 'IN-29',
    source: 'net/ipv4/tcp_input.c:tcp_syn_flood_action',
  },
  {
    id: 'net.ipv4.tcp_max_syn_backlog',
    meaning:
      'Looked at only when cookies are off: requests may fill three quarters of it, the rest is for known peers.',
    unit: 'requests',
    default: 'max(128, entries of the connection table / 128)',
    range: 'any 32-bit number',
    step: 'IN-29',
    source: 'net/ipv4/tcp_input.c:tcp_conn_request',
  },
  {
    id: 'net.ipv4.tcp_synack_retries',
    meaning: 'How often a SYN-ACK is sent again before a half-open connection is given up.',
    unit: 'times',
    default: '5',
    range: '0 to 255',
    step: 'IN-29',
    source: 'net/ipv4/inet_connection_sock.c:reqsk_timer_handler',
  },
  {
    id: 'net.ipv4.tcp_abort_on_overflow',
    meaning:
      'Whether a third ACK that finds the accept queue full is answered with a reset. 0: it is ignored, and the client believes in a connection.',
    unit: '0 or 1',
    default: '0',
    range: '0 to 255',
    step: 'IN-30',
    source: 'net/ipv4/tcp_minisocks.c:tcp_check_req',
  },
  {
    id: 'net.ipv4.tcp_mem',
    meaning:
      'Memory of all TCP sockets: below the first nobody is limited, above the second begins memory pressure, above the third nothing is given.',
    unit: 'pages of 4096 bytes: low, pressure, high',
    default: 'from the size of memory: 3/64, 1/16 and 3/32 of it',
    range: '0 to 18446744073709551615, three values',
    step: 'IN-33',
    source: 'net/core/sock.c:__sk_mem_raise_allocated',
  },
  {
    id: 'net.ipv4.udp_mem',
    meaning:
      'Memory of all UDP sockets: below the first nobody is limited; above it only sockets that hold less than udp_rmem_min get more; above the third nobody does.',
    unit: 'pages of 4096 bytes: low, pressure, high',
    default: 'from the size of memory: 3/32, 1/8 and 3/16 of it',
    range: '0 to 18446744073709551615, three values',
    step: 'IN-U1',
    source: 'net/core/sock.c:__sk_mem_raise_allocated',
  },
  {
    id: 'net.core.mem_pcpu_rsv',
    meaning:
      'Pages of protocol memory that each CPU keeps to itself before the common counter moves.',
    unit: 'pages of 4096 bytes',
    default: '256',
    range: '256 and more',
    step: 'IN-33',
    source: 'include/net/proto_memory.h:sk_memory_allocated_add',
  },
];
