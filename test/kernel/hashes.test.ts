import { describe, expect, it } from 'vitest';
import { addressBytes } from '../../src/kernel/address.ts';
import { __skb_flow_dissect } from '../../src/kernel/flow_dissector.ts';
import { addFlow, skbHash, skbHashRaw } from '../../src/kernel/flows.ts';
import { reciprocalScale } from '../../src/kernel/hash.ts';
import { flowEhash } from '../../src/kernel/inet_ehashfn.ts';
import { jhash, jhash2 } from '../../src/kernel/jhash.ts';
import { rssHash, rssQueue } from '../../src/kernel/rss.ts';
import { siphash } from '../../src/kernel/siphash.ts';
import { FLAG_FRAG, FLAG_VLAN, takeSkb } from '../../src/kernel/skb.ts';
import type { Kernel } from '../../src/kernel/state.ts';
import { ETH0, eth0, host } from './hosts.ts';

const flowOf = (k: Kernel, spec: object = {}): number =>
  addFlow(k, {
    ...{ dev: ETH0, saddr: '10.0.0.1', daddr: '10.0.0.2', sport: 5000, dport: 9000 },
    ...spec,
  });

const packet = (k: Kernel, flow: number, flags = 0): number => {
  const skb = takeSkb(k.skbs);
  k.skbs.flow[skb] = flow;
  k.skbs.dev[skb] = ETH0;
  k.skbs.flags[skb] = flags;
  return skb;
};

describe('hash functions', () => {
  it('hash the published SipHash test string to its published value', () => {
    const key = [0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c];
    const data = Uint8Array.from({ length: 15 }, (_, i) => i);
    expect(siphash(data, key)).toEqual({ high: 0xa129ca61, low: 0x49be45e5 });
  });

  it('hash bytes as the words that they form', () => {
    const bytes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
    const words = [0x04030201, 0x08070605, 0x0c0b0a09, 0x100f0e0d];
    expect(jhash(bytes, 7)).toBe(jhash2(words, 7));
  });

  it('scale the largest hash to the last place of the largest range', () => {
    expect(reciprocalScale(0xffff_ffff, 0xffff_ffff)).toBe(0xffff_fffe);
    expect(reciprocalScale(0xffff_ffff, 3)).toBe(2);
    expect(reciprocalScale(0, 5)).toBe(0);
  });
});

describe('the hash of a flow', () => {
  it('is the same in both directions', () => {
    const k = host();
    const back = { saddr: '10.0.0.2', daddr: '10.0.0.1', sport: 9000, dport: 5000 };
    expect(k.flows.hash[flowOf(k)]).toBe(k.flows.hash[flowOf(k, back)]);
    const six = { saddr: 'fd00::1', daddr: 'fd00::2' };
    const sixBack = { saddr: 'fd00::2', daddr: 'fd00::1', sport: 9000, dport: 5000 };
    expect(k.flows.hash[flowOf(k, six)]).toBe(k.flows.hash[flowOf(k, sixBack)]);
  });

  it('depends on the ports, the protocol and the boot, not on TTL or TOS', () => {
    const k = host();
    const hash = (spec: object): number => k.flows.hash[flowOf(k, spec)]!;
    const plain = hash({});
    expect([hash({ sport: 5001 }), hash({ proto: 6 })]).not.toContain(plain);
    expect(hash({ ttl: 3, tos: 16 })).toBe(plain);
    const other = host({ seed: 2 });
    expect(other.flows.hash[flowOf(other)]).not.toBe(plain);
  });

  it('lets a flow label stand for the ports', () => {
    const k = host();
    const six = { saddr: 'fd00::1', daddr: 'fd00::2', flow_label: 0x12345 };
    expect(k.flows.hash[flowOf(k, six)]).toBe(k.flows.hash[flowOf(k, { ...six, sport: 1 })]);
  });

  it('is one for all fragments between two hosts, whatever their ports', () => {
    const k = host();
    const first = packet(k, flowOf(k), FLAG_FRAG);
    const second = packet(k, flowOf(k, { sport: 5001 }), FLAG_FRAG);
    const whole = packet(k, flowOf(k));
    expect(skbHash(k, first)).toBe(skbHash(k, second));
    expect(skbHash(k, first)).not.toBe(skbHash(k, whole));
  });

  it('tells VLANs apart', () => {
    const k = host();
    const flow = flowOf(k);
    const tagged = (tci: number): number => {
      const skb = packet(k, flow, FLAG_VLAN);
      k.skbs.vlan_tci[skb] = tci;
      return skbHash(k, skb);
    };
    expect(tagged(100)).not.toBe(tagged(101));
    expect(tagged(100)).toBe(tagged(100));
    expect(tagged(100)).not.toBe(k.flows.hash[flow]);
  });

  it('is read no further than the packet reaches', () => {
    const cut = Uint8Array.from([0x45, ...new Array<number>(8).fill(0), 17]);
    const keys = __skb_flow_dissect(cut, 0x0800);
    expect(keys.addr_type).toBe(0);
    expect([...keys.region.subarray(0, 4)]).toEqual([8, 0, 0, 0]);
  });
});

describe('the hash from the NIC', () => {
  it('of igb is one of addresses, so that the kernel computes its own', () => {
    const k = host();
    const flow = flowOf(k);
    rssQueue(k, eth0(k), flow);
    const skb = packet(k, flow);
    expect(skbHashRaw(k, skb)).toBe(rssHash(k, eth0(k), flow, false));
    expect(skbHash(k, skb)).toBe(k.flows.hash[flow]);
  });

  it('is not in the packet when receive-hashing is off', () => {
    const k = host();
    const flow = flowOf(k);
    rssQueue(k, eth0(k), flow);
    eth0(k).features['receive-hashing'] = false;
    expect(skbHashRaw(k, packet(k, flow))).toBe(0);
  });
});

describe('the hash of established connections', () => {
  it('differs between TCP and UDP and between the ends', () => {
    const k = host();
    const udp = flowEhash(k, flowOf(k));
    const tcp = flowEhash(k, flowOf(k, { proto: 6 }));
    const back = { saddr: '10.0.0.2', daddr: '10.0.0.1', sport: 9000, dport: 5000 };
    expect(new Set([udp, tcp, flowEhash(k, flowOf(k, back))]).size).toBe(3);
    expect(flowEhash(k, flowOf(k))).toBe(udp);
  });

  it('of IPv6 takes the whole foreign address', () => {
    const k = host();
    const ehash = (saddr: string): number => flowEhash(k, flowOf(k, { saddr, daddr: 'fd00::2' }));
    expect(ehash('fd00::1:0:0:1')).not.toBe(ehash('fd00::1'));
  });
});

describe('an address', () => {
  it('is written in 4 or 16 bytes', () => {
    expect(addressBytes('10.0.1.255')).toEqual([10, 0, 1, 255]);
    expect(addressBytes('fd00::1')).toEqual([0xfd, ...new Array<number>(14).fill(0), 1]);
    expect(addressBytes('::')).toEqual(new Array<number>(16).fill(0));
  });
});
