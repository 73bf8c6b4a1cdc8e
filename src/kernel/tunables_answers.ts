/// Settings of what the host answers to packets beside the data itself: the ARP table, errors and redirects.
import type { TunableRow } from './tunables_entry.ts';

const neighbour = 'net/core/neighbour.c';
const ANY = 'any int';

export const answerTunables: readonly TunableRow[] = [
  {
    id: 'net.ipv4.neigh.*.base_reachable_time_ms',
    meaning:
      'About how long a confirmed neighbour counts as reachable: half to one and a half times this. base_reachable_time is the same in seconds.',
    unit: 'ms',
    default: '30000',
    range: '0 to 2147483647',
    step: 'IN-21',
    source: `${neighbour}:neigh_rand_reach_time`,
  },
  {
    id: 'net.ipv4.neigh.*.delay_first_probe_time',
    meaning:
      'How long an entry that is stale is used without a question to its owner, once something is sent to it.',
    unit: 's',
    default: '5',
    range: ANY,
    step: 'IN-21',
    source: `${neighbour}:neigh_timer_handler`,
  },
  {
    id: 'net.ipv4.neigh.*.retrans_time_ms',
    meaning:
      'Time between two questions for a link address. With mcast_solicit: how long an entry stays incomplete before it has failed.',
    unit: 'ms',
    default: '1000',
    range: '0 to 2147483647',
    step: 'IN-21',
    source: `${neighbour}:neigh_timer_handler`,
  },
  {
    id: 'net.ipv4.neigh.*.mcast_solicit',
    meaning: 'Questions to everybody before an address counts as failed.',
    unit: 'questions',
    default: '3',
    range: '0 to 2147483647',
    step: 'IN-21',
    source: `${neighbour}:neigh_max_probes`,
  },
  {
    id: 'net.ipv4.neigh.*.ucast_solicit',
    meaning: 'Questions to the address known so far before everybody is asked.',
    unit: 'questions',
    default: '3',
    range: '0 to 2147483647',
    step: 'IN-21',
    source: `${neighbour}:neigh_max_probes`,
  },
  {
    id: 'net.ipv4.neigh.*.locktime',
    meaning:
      'For that long after a change an answer with another address does not change an entry.',
    unit: '10 ms',
    default: '100',
    range: ANY,
    step: 'IN-21',
    source: 'net/ipv4/arp.c:arp_process',
  },
  {
    id: 'net.ipv4.conf.*.drop_gratuitous_arp',
    meaning: 'Whether ARP in which somebody only tells its own address is dropped.',
    unit: '0 or 1',
    default: '0',
    range: ANY,
    step: 'IN-21',
    source: 'net/ipv4/arp.c:arp_process',
  },
  {
    id: 'net.ipv4.conf.*.bc_forwarding',
    meaning:
      "Whether a packet to a network's broadcast address is forwarded; all and the device must agree.",
    unit: '0 or 1',
    default: '0',
    range: ANY,
    step: 'IN-25',
    source: 'net/ipv4/route.c:ip_route_input_slow',
  },
  {
    id: 'net.ipv4.conf.*.shared_media',
    meaning: 'Whether a redirect may name a gateway that is on another network of the same wire.',
    unit: '0 or 1',
    default: '1',
    range: ANY,
    step: 'IN-25',
    source: 'net/ipv4/route.c:__mkroute_input',
  },
  {
    id: 'net.ipv4.route.error_cost',
    meaning:
      'What an ICMP error for want of a route takes from the bucket of the sender that it goes to.',
    unit: 'jiffies',
    default: '250',
    range: ANY,
    step: 'IN-25',
    source: 'net/ipv4/route.c:ip_error',
  },
  {
    id: 'net.ipv4.route.error_burst',
    meaning: 'Size of that bucket.',
    unit: 'jiffies',
    default: '1250',
    range: ANY,
    step: 'IN-25',
    source: 'net/ipv4/route.c:ip_error',
  },
  {
    id: 'net.ipv4.route.redirect_number',
    meaning: 'Redirects that one sender is told before the host falls silent.',
    unit: 'messages',
    default: '9',
    range: ANY,
    step: 'IN-25',
    source: 'net/ipv4/route.c:ip_rt_send_redirect',
  },
  {
    id: 'net.ipv4.route.redirect_load',
    meaning: 'Time after the first redirect before the next one; it doubles with each.',
    unit: 'jiffies',
    default: '5',
    range: ANY,
    step: 'IN-25',
    source: 'net/ipv4/route.c:ip_rt_send_redirect',
  },
  {
    id: 'net.ipv4.route.redirect_silence',
    meaning: 'After that long without redirects a sender is told again from the beginning.',
    unit: 'jiffies',
    default: '5120',
    range: ANY,
    step: 'IN-25',
    source: 'net/ipv4/route.c:ip_rt_send_redirect',
  },
];
