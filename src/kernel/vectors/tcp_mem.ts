/// Vectors of protocol memory: __sk_mem_raise_allocated() for TCP.
import { boot } from '../boot.ts';
import { __sk_mem_raise_allocated, PAGE_SIZE, SK_MEM_RECV, SK_MEM_SEND } from '../sock_mem.ts';
import { createSock } from '../sock.ts';
import { bareHost, differs } from './bare_host.ts';

interface Case {
  readonly tcp_mem: readonly [number, number, number];
  readonly allocated_before: number;
  readonly pages_wanted: number;
  readonly kind: 'SEND' | 'RECV';
  readonly pressure_before: number;
  readonly sockets_allocated: number;
  readonly rmem_alloc: number;
  readonly wmem_queued: number;
  readonly forward_alloc: number;
  readonly tcp_rmem_min: number;
  readonly tcp_wmem_min: number;
  readonly sndbuf_before: number;
  readonly ok: number;
  readonly allocated_after: number;
  readonly pressure_after: number;
  readonly sndbuf_after: number;
}

export function run(given: unknown): string | null {
  const test = given as Case;
  const k = boot(bareHost(1, 250), 1);
  const [min, pressure, max] = test.tcp_mem;
  Object.assign(k.hot, { tcp_mem_min: min, tcp_mem_pressure: pressure, tcp_mem_max: max });
  Object.assign(k.hot, { tcp_rmem_min: test.tcp_rmem_min, tcp_wmem_min: test.tcp_wmem_min });
  k.hot.mem_pcpu_rsv = 1; // the recorded counter was not held back
  k.tcp_memory_allocated = test.allocated_before;
  k.tcp_memory_pressure = test.pressure_before;
  k.tcp_sockets_allocated = test.sockets_allocated;
  const sk = createSock(k, 0, 1, 131072);
  Object.assign(sk, { proto: 'tcp', rmem_alloc: test.rmem_alloc, wmem_queued: test.wmem_queued });
  Object.assign(sk, { forward_alloc: test.forward_alloc, sndbuf: test.sndbuf_before });
  const pages = test.pages_wanted;
  const kind = test.kind === 'RECV' ? SK_MEM_RECV : SK_MEM_SEND;
  const ok = __sk_mem_raise_allocated(k, k.cpus[0]!, sk, pages * PAGE_SIZE, pages, kind);
  return differs(
    'allowed, allocated, pressure, sndbuf',
    [ok ? 1 : 0, k.tcp_memory_allocated, k.tcp_memory_pressure === 0 ? 0 : 1, sk.sndbuf],
    [test.ok, test.allocated_after, test.pressure_after, test.sndbuf_after],
  );
}
