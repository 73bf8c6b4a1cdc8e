import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as backlog_flow_limit from '../../src/kernel/vectors/backlog_flow_limit.ts';
import * as napi_loop from '../../src/kernel/vectors/napi_loop.ts';
import * as rps_map from '../../src/kernel/vectors/rps_map.ts';
import * as rss_toeplitz from '../../src/kernel/vectors/rss_toeplitz.ts';
import * as so_buf from '../../src/kernel/vectors/so_buf.ts';
import * as sock_queue_rcv from '../../src/kernel/vectors/sock_queue_rcv.ts';
import * as softirq_restart from '../../src/kernel/vectors/softirq_restart.ts';
import * as truesize from '../../src/kernel/vectors/truesize.ts';
import * as udp_rcvbuf from '../../src/kernel/vectors/udp_rcvbuf.ts';

const adapters = {
  backlog_flow_limit,
  napi_loop,
  rps_map,
  rss_toeplitz,
  so_buf,
  sock_queue_rcv,
  softirq_restart,
  truesize,
  udp_rcvbuf,
};

function casesOf(name: string): { id: string }[] {
  const file = new URL(`../reference/vectors/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { cases: { id: string }[] }).cases;
}

describe('mechanisms of the real kernel', () => {
  for (const [name, adapter] of Object.entries(adapters))
    it(`gives the kernel's outcome in every case of ${name}`, () => {
      const wrong = casesOf(name).flatMap((one) => {
        const differs = adapter.run(one);
        return differs === null ? [] : [`${one.id}: ${differs}`];
      });
      expect(wrong).toEqual([]);
    });

  it('would notice a wrong outcome', () => {
    const [one] = casesOf('truesize');
    expect(truesize.run({ ...one, alloc_skb_room: 1 })).toContain('sizes');
  });
});
