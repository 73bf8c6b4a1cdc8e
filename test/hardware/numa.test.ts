import { expect, it } from 'vitest';
import { remoteNs } from '../../src/hardware/cpu.ts';
import { hosts } from '../../src/hardware/hosts.ts';
import { boot } from '../../src/kernel/boot.ts';

it('a frame costs more on the other node, the more the farther that is, and nothing where no node is known', () => {
  const at = (numa_distance: number): number => {
    const k = boot({ ...hosts['mixed']!, numa_distance }, 1);
    expect(remoteNs(k, k.devs[1]!, k.cpus[0]!)).toBe(0);
    expect(remoteNs(k, k.devs[3]!, k.cpus[7]!)).toBe(0);
    return remoteNs(k, k.devs[1]!, k.cpus[4]!);
  };
  expect(at(21)).toBe(100);
  expect(at(32)).toBe(200);
});
