import { fireEvent, render, screen } from '@testing-library/svelte';
import { describe, expect, it, vi } from 'vitest';
import Chart from '../../src/ui/Chart.svelte';
import Knob from '../../src/ui/Knob.svelte';
import Ledger from '../../src/ui/Ledger.svelte';
import Predict from '../../src/ui/Predict.svelte';
import Ring from '../../src/ui/Ring.svelte';
import StateLine from '../../src/ui/StateLine.svelte';
import TableTwin from '../../src/ui/TableTwin.svelte';
import './browser_stubs.ts';
import { frame, samples, sheet } from './fixtures.ts';

const words = (element: Element | null) => (element?.textContent ?? '').replace(/\s+/g, ' ').trim();

describe('Ledger', () => {
  it('says where every offered packet is', () => {
    const { container } = render(Ledger, { ledger: frame.ledger });
    expect(words(container)).toContain('774 offered');
    expect(words(container)).toContain(
      '= 120 delivered + 256 queued (eth0 rx-0 ring 256) + 398 dropped (rx_missed_errors 398)',
    );
  });

  it('cuts the bar to scale', () => {
    const { container } = render(Ledger, { ledger: frame.ledger });
    const parts = [...container.querySelectorAll<HTMLElement>('.part')].map(
      (part) => part.style.flexGrow,
    );
    expect(parts).toEqual(['120', '256', '398']);
  });
});

describe('Ring', () => {
  it('says how full it is, and draws no free slot when it is full', () => {
    const { container } = render(Ring, {
      size: 256,
      used: 256,
      head: 0,
      tail: 0,
      note: 'full since 172 µs',
    });
    expect(screen.getByRole('img').getAttribute('aria-label')).toBe(
      'Ring: 256 of 256 descriptors in use. full since 172 µs',
    );
    expect(container.querySelector('.free')).toBeNull();
  });

  it('shows one free slot while there is room, however little', () => {
    const { container } = render(Ring, {
      size: 4096,
      used: 4095,
      head: 4095,
      tail: 0,
      headName: 'head',
      tailName: 'tail',
    });
    expect(container.querySelector('.free')?.getAttribute('pathLength')).toBe('1');
    expect(words(container)).toContain('one slot: 32 descriptors');
  });

  it('grows with the number of descriptors', () => {
    const sizeOf = (size: number) => {
      const { container } = render(Ring, { size, used: 0, head: 0, tail: 0 });
      return Number(
        /scale\(([\d.]+)\)/.exec(
          container.querySelector<SVGGElement>('.grow')?.style.transform ?? '',
        )?.[1],
      );
    };
    expect(sizeOf(4096)).toBeGreaterThan(sizeOf(256));
    expect(sizeOf(4096)).toBeLessThanOrEqual(1);
  });
});

describe('Chart', () => {
  const curve = {
    name: 'in use',
    unit: 'descriptors',
    context: 'hw' as const,
    values: samples.values[0] ?? [],
  };
  const props = { title: 'In use', curves: [curve], sample_ns: 500_000, length_ns: 1_500_000 };

  it('says the value at the moment shown', () => {
    render(Chart, { ...props, at_ns: 520_000 });
    expect(screen.getByRole('img').getAttribute('aria-label')).toBe(
      'In use. in use: 256\u00a0descriptors',
    );
  });

  it('does not give away what comes after the part that was seen', () => {
    const { container } = render(Chart, { ...props, at_ns: 520_000, until_ns: 520_000 });
    expect(container.querySelector('.curve')?.getAttribute('d')?.match(/[ML]/g)).toHaveLength(2);
  });

  it('draws a limit that changes as steps', () => {
    const limit = [256, 256, 4096, 4096];
    const { container } = render(Chart, { ...props, curves: [{ ...curve, limit }] });
    expect(container.querySelector('.limit')?.getAttribute('d')).toMatch(
      /^M[\d. ]+H[\d.]+V[\d.]+H[\d.]+$/,
    );
  });
});

describe('Knob', () => {
  it('types the command of the stop where it is let go', async () => {
    const type = vi.fn();
    render(Knob, { knob: sheet.knobs[0]!, value: 256, type });
    const slider = screen.getByLabelText(/Ring size/);
    await fireEvent.input(slider, { target: { value: '2' } });
    expect(type).not.toHaveBeenCalled();
    await fireEvent.change(slider, { target: { value: '2' } });
    expect(type).toHaveBeenCalledExactlyOnceWith('ethtool -G eth0 rx 4096');
  });

  it('shows the value that the host has, also between its stops', () => {
    const { container } = render(Knob, { knob: sheet.knobs[0]!, value: 512, type: vi.fn() });
    expect(words(container)).toContain('512 descriptors');
    expect(words(container)).toContain('default 256');
  });
});

describe('Predict', () => {
  it('keeps the answer to itself until there is a guess', async () => {
    const { container } = render(Predict, {
      ask: sheet.predict!,
      answer: { answer: 1, why: 'The ring was full.' },
      ready: true,
    });
    expect(words(container)).not.toContain('The ring was full.');
    await fireEvent.click(screen.getByRole('button', { name: 'none' }));
    expect(words(container)).toContain('It is 480. The ring was full.');
  });
});

describe('StateLine', () => {
  it('names step, function, place and drop reason', () => {
    const { container } = render(StateLine, { step: frame.step, cpus: frame.cpus, playing: false });
    expect(words(container)).toContain(
      'IN-03 DMA into the RX ring: igb_alloc_rx_buffers(), hardware, frame 773, dropped: rx_missed_errors',
    );
    expect(words(container)).toContain('CPU 0 softirq in igb_poll');
  });
});

describe('TableTwin', () => {
  it('has the numbers of the picture, and goes to a moment', async () => {
    const seek = vi.fn();
    const { container } = render(TableTwin, { sheet, frame, samples, seek });
    for (const text of [
      'dropped, rx_missed_errors398',
      'Descriptors in use256',
      'Ring size256',
      'CPU 043',
    ])
      expect(words(container).replace(/\u00a0/g, ' ')).toContain(text);
    await fireEvent.click(screen.getByRole('button', { name: /172/ }));
    expect(seek).toHaveBeenCalledWith(172_000);
  });
});
