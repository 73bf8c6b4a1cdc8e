/// What a page knows of a scenario before its worker lives, written into the HTML at build time.
import { boot } from '../kernel/boot.ts';
import type { KnobSheet, ScenarioSheet, SeriesSheet } from './protocol.ts';
import type { Knob, Scenario, Series } from './scenario.ts';

export function sheetOf(scenario: Scenario): ScenarioSheet {
  const { slug, title, seed, length_ns, speed, sample_ns, predict } = scenario;
  const k = boot(scenario.host, seed);
  return {
    slug,
    title,
    hostname: scenario.host.hostname,
    seed,
    length_ns,
    speed,
    live: scenario.zoom === 'live',
    sample_ns,
    knobs: scenario.knobs.map((knob) => knobSheet(knob, knob.read(k))),
    series: scenario.series.map(seriesSheet),
    predict: predict
      ? { question: predict.question, choices: predict.choices, at_ns: predict.at_ns }
      : null,
  };
}

/// The default is what the host says at boot, before anybody typed.
function knobSheet(knob: Knob, value: number): KnobSheet {
  const { name, label, unit, values, initial } = knob;
  const usual = knob.tunable === '' ? '' : String(value);
  return {
    name,
    label,
    unit,
    values,
    initial,
    default: usual,
    lines: values.map((each) => knob.command(each)),
  };
}

function seriesSheet(series: Series): SeriesSheet {
  const { name, unit, context, kind } = series;
  return { name, unit, context, kind, ...(series.dropped && { dropped: true }) };
}
