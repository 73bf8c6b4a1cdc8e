import { describe, expect, it } from 'vitest';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';
import { checkLedger } from '../../src/kernel/ledger.ts';
import { createSession } from '../../src/shell/shell.ts';
import { typed } from '../../tools/typed.ts';

function terminal() {
  const host = { k: boot(hosts['mixed']!, 1) };
  const session = createSession(host.k, 'root');
  const say = (line: string) => {
    const got = typed(host, session, line, { columns: null, limit_ns: 60e9 });
    return { out: got.stdout, err: got.stderr, status: got.status };
  };
  return { host, say };
}

const CHANNELS = /RX:\t\t(\d+)\nTX:\t\t(\d+)/g;

function channels(text: string): number[][] {
  return [...text.matchAll(CHANNELS)].map((match) => [Number(match[1]), Number(match[2])]);
}

describe('a veth', () => {
  it('could have a queue for each CPU, and uses one unless it was made with a number', () => {
    const { say } = terminal();
    say('ip link add v0 type veth peer name v1');
    expect(channels(say('ethtool -l v0').out)).toEqual([
      [8, 8],
      [1, 1],
    ]);
    expect(say('ls /sys/class/net/v0/queues').out).toBe('rx-0\ntx-0\n');
  });

  it('uses as many as it was made with; the words before type speak for the peer too', () => {
    const { say } = terminal();
    say('ip link add v0 numrxqueues 3 type veth peer name v1 numrxqueues 2 numtxqueues 4');
    expect(channels(say('ethtool -l v0').out)).toEqual([
      [3, 8],
      [3, 1],
    ]);
    expect(channels(say('ethtool -l v1').out)).toEqual([
      [2, 4],
      [2, 1],
    ]);
  });

  it('is numbered behind its peer, which is registered first', () => {
    const { say, host } = terminal();
    say('ip link add v0 type veth peer name v1');
    const index = (name: string) => host.k.devs.find((dev) => dev.name === name)!.ifindex;
    expect(index('v0')).toBe(index('v1') + 1);
    expect(say('ethtool -S v0').out).toContain(`peer_ifindex: ${index('v1')}\n`);
    expect(host.k.devs.map((dev) => dev.ifindex)).toEqual(
      host.k.devs.map((dev) => dev.ifindex).toSorted((a, b) => a - b),
    );
  });

  it('without a name for its peer is refused where the peer takes its own', () => {
    const { say, host } = terminal();
    const before = host.k.devs.length;
    expect(say('ip link add veth0 type veth').err).toBe('RTNETLINK answers: File exists\n');
    expect(host.k.devs.length).toBe(before);
    expect(say('ip link add veth1 type veth').status).toBe(0);
    expect(host.k.devs.slice(before).map((dev) => dev.name)).toEqual(['veth0', 'veth1']);
  });

  it('changes its queues up to that number, and keeps one of each kind', () => {
    const { say } = terminal();
    say('ip link add v0 numrxqueues 4 numtxqueues 4 type veth peer name v1');
    expect(say('ethtool -L v0 rx 2 tx 3').status).toBe(0);
    expect(channels(say('ethtool -l v0').out)[1]).toEqual([2, 3]);
    expect(say('ls /sys/class/net/v0/queues').out).toBe('rx-0\nrx-1\ntx-0\ntx-1\ntx-2\n');
    expect(say('ethtool -L v0 rx 0').err).toContain(
      'requested channel counts would result in no RX or TX channel being configured',
    );
    expect(say('ethtool -L v0 tx 5').err).toContain('requested channel count exceeds maximum');
    expect(channels(say('ethtool -l v0').out)[1]).toEqual([2, 3]);
  });

  it('cannot be made with no queue or too many', () => {
    const { say } = terminal();
    expect(say('ip link add v0 numtxqueues 0 type veth').err).toBe(
      'Error: Invalid number of transmit queues.\n',
    );
    expect(say('ip link add v0 numrxqueues 4097 type veth').err).toBe(
      'Error: Invalid number of receive queues.\n',
    );
  });

  it('goes with its peer', () => {
    const { say, host } = terminal();
    const before = host.k.devs.length;
    say('ip link add v0 type veth peer name v1');
    say('ip link set v0 up; ip link set v1 up');
    say('ip link del v1');
    expect(host.k.devs.length).toBe(before);
    checkLedger(host.k);
  });
});
