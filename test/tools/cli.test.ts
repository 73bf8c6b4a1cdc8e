import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

function run(tool: string, ...args: string[]) {
  const r = spawnSync(process.execPath, [`tools/${tool}.ts`, ...args], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { out: r.stdout, err: r.stderr, status: r.status };
}

describe('npm run shell', () => {
  it('answers as a real host does', () => {
    const { out, err, status } = run('shell', '--host', 'igb', '-c', 'ethtool -g eth0; echo $?');
    expect(out).toBe(`Ring parameters for eth0:
Pre-set maximums:
RX:			4096
RX Mini:		n/a
RX Jumbo:		n/a
TX:			4096
TX push buff len:	n/a
Current hardware settings:
RX:			256
RX Mini:		n/a
RX Jumbo:		n/a
TX:			256
RX Buf Len:		n/a
CQE Size:		n/a
TX Push:		off
RX Push:		off
TX push buff len:	n/a
TCP data split:		n/a
0
`);
    expect(err).toBe('');
    expect(status).toBe(0);
  });

  it('passes the exit status on', () => {
    expect(run('shell', '--host', 'igb', '-c', 'nosuchcommand')).toMatchObject({
      err: expect.stringContaining('nosuchcommand: command not found') as string,
      status: 127,
    });
  });

  it('names the hosts that exist when asked for one that does not', () => {
    const { err, status } = run('shell', '--host', 'pentium', '-c', 'true');
    expect(err).toMatch(/pentium.*igb.*virtio/s);
    expect(status).toBe(2);
  });
});

describe('npm run sim', () => {
  const args = ['rx-ring', '--seed', '7', '--set', 'rx=256', '--json'];

  it('prints the same bytes twice', () => {
    const first = run('sim', ...args);
    expect(first.status).toBe(0);
    expect(run('sim', ...args).out).toBe(first.out);
  });

  it('prints a ledger that adds up, with fewer drops on a longer ring', () => {
    const ledger = (rx: number) => {
      const { out } = run('sim', 'rx-ring', '--seed', '7', '--set', `rx=${rx}`, '--json');
      const { ledger } = JSON.parse(out) as {
        ledger: {
          offered: number;
          delivered: number;
          queued: { packets: number }[];
          dropped: { packets: number }[];
        };
      };
      const sum = (rows: { packets: number }[]) => rows.reduce((n, row) => n + row.packets, 0);
      expect(ledger.delivered + sum(ledger.queued) + sum(ledger.dropped)).toBe(ledger.offered);
      expect(ledger.offered).toBeGreaterThan(0);
      return sum(ledger.dropped);
    };
    expect(ledger(4096)).toBeLessThan(ledger(256));
  });

  it.each([
    [['no-such-scenario'], 'rx-ring'],
    [['rx-ring', '--set', 'colour=3'], 'rx'],
    [['rx-ring', '--set', 'rx=zebra'], 'rx'],
    [['rx-ring', '--seed', 'x'], 'seed'],
  ])('refuses %j with status 2 and says what is possible', (bad, hint) => {
    const { err, status } = run('sim', ...bad);
    expect(status).toBe(2);
    expect(err).toContain(hint);
  });
});
