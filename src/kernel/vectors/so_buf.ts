/// Vectors of SO_RCVBUF and SO_SNDBUF.
import { sockRcvbuf, sockRcvbufForce, sockSndbuf, sockSndbufForce } from '../sock.ts';
import { differs } from './bare_host.ts';

interface Case {
  readonly option: 'SO_RCVBUF' | 'SO_RCVBUFFORCE' | 'SO_SNDBUF' | 'SO_SNDBUFFORCE';
  readonly value: number;
  readonly rmem_max: number;
  readonly wmem_max: number;
  readonly ret: number;
  readonly resulting_buf: number;
}

export function run(given: unknown): string | null {
  const test = given as Case;
  const set = {
    SO_RCVBUF: () => sockRcvbuf(test.value, test.rmem_max),
    SO_RCVBUFFORCE: () => sockRcvbufForce(test.value),
    SO_SNDBUF: () => sockSndbuf(test.value, test.wmem_max),
    SO_SNDBUFFORCE: () => sockSndbufForce(test.value),
  }[test.option];
  return differs(test.option, [0, set()], [test.ret, test.resulting_buf]);
}
