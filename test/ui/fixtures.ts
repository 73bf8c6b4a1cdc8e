/// A small run for the components' tests. Its numbers agree with each other: 774 = 120 + 256 + 398.
import type { Frame, SampleBlock, ScenarioSheet } from '../../src/player/protocol.ts';

export const sheet: ScenarioSheet = {
  slug: 'rx-ring',
  title: 'Can the ring absorb the burst?',
  hostname: 'alder',
  seed: 7,
  speed: 0.001,
  live: false,
  length_ns: 1_500_000,
  sample_ns: 500_000,
  knobs: [
    {
      name: 'rx',
      label: 'Ring size',
      unit: 'descriptors',
      values: [64, 256, 4096],
      initial: 256,
      default: '256',
      lines: ['ethtool -G eth0 rx 64', 'ethtool -G eth0 rx 256', 'ethtool -G eth0 rx 4096'],
    },
  ],
  series: [{ name: 'Descriptors in use', unit: 'descriptors', context: 'hw', kind: 'gauge' }],
  predict: { question: 'How many are lost?', choices: ['none', '480'], at_ns: 1_000_000 },
};

export const samples: SampleBlock = {
  sample_ns: 500_000,
  values: [[0, 256, 190, 0]],
  limits: [[256, 256, 256, 256]],
};

export const frame: Frame<{ used: number }> = {
  at_ns: 520_000,
  length_ns: 1_500_000,
  known_ns: 1_500_000,
  playing: false,
  busy: false,
  pace: 1,
  scene: { used: 256 },
  ledger: {
    offered: 774,
    delivered: 120,
    consumed: 0,
    forwarded: 0,
    queued: [{ where: 'eth0 rx-0 ring', packets: 256 }],
    dropped: [{ reason: 'hw:rx_missed_errors', packets: 398, context: 'hw' }],
  },
  knobs: [256],
  cpus: [
    { id: 0, node: 0, context: 'softirq', words: 'softirq in igb_poll', busy: 0.43 },
    { id: 1, node: 0, context: 'idle', words: 'idle', busy: 0 },
  ],
  lanes: null,
  step: {
    at_ns: 520_000,
    step: 'IN-03',
    name: 'DMA into the RX ring',
    fn: 'igb_alloc_rx_buffers',
    context: 'hw',
    cpu: -1,
    packet: 773,
    reason: 'hw:rx_missed_errors',
  },
  landmarks: [
    { at_ns: 172_000, kind: 'drop', label: 'rx_missed_errors', context: 'hw' },
    { at_ns: 400_000, kind: 'irq', label: 'CPU 0', context: 'hardirq' },
  ],
  entries: [],
};
