/// ethtool DEV and ethtool -s: link settings, wake-on-LAN, message level. Five netlink requests
/// whose refusals stay silent when the driver only lacks the call.
import { driverOf } from '../../hardware/driver.ts';
import type { LinkRules } from '../../hardware/nic_driver.ts';
import {
  ethnl_set_debug,
  ethtool_set_link_ksettings,
  ethtool_set_wol,
} from '../../kernel/ethtool_ops_link.ts';
import type { EthtoolResult } from '../../kernel/ethtool_ops.ts';
import type { NetDevice } from '../../kernel/state.ts';
import type { Running } from '../command.ts';
import { jsonText, type Json } from '../json_writer.ts';
import { deviceOf, deviceToChange, netlinkError, notModelled, type Call } from './call.ts';
import { parseParameters, parseU32, type Kind } from './parameters.ts';

const FAILED = 75;
const REQUESTS = 7; // link modes, link info, wake-on-LAN, PLCA, debug, link state, PLCA status
const PRIVILEGED = 2; // the wake-on-LAN request, which may show a password

export function* showSettings(call: Call): Running {
  const { io } = call;
  const dev = deviceOf(call);
  if (!dev) {
    for (let i = 0; i < REQUESTS; i++) {
      if (i === PRIVILEGED && io.uid !== 0)
        yield* netlinkError(call, { ok: false, errno: 'EPERM' });
      else
        yield* netlinkError(call, {
          ok: false,
          errno: 'ENODEV',
          extack: 'no device matches name',
          attr: 'header',
        });
    }
    yield* io.out.line('No data available');
    return FAILED;
  }
  const { link, linkNotModelled } = driverOf(dev);
  if (linkNotModelled) return yield* notModelled(io, `DEV with the driver ${dev.driver}`);
  if (call.json) yield* io.out.write(jsonText([settingsJson(dev, link)], true) + '\n');
  else {
    yield* io.out.line(`Settings for ${dev.name}:`);
    if (link) for (const line of linkLines(dev, link)) yield* io.out.line(line);
  }
  if (io.uid !== 0) yield* netlinkError(call, { ok: false, errno: 'EPERM' });
  if (call.json) return 0;
  if (link) for (const line of driverLines(dev, link, io.uid === 0)) yield* io.out.line(line);
  yield* io.out.line(`\tLink detected: ${linkUp(dev) ? 'yes' : 'no'}`);
  return 0;
}

function linkUp(dev: NetDevice): boolean {
  return dev.up && dev.carrier;
}

function linkLines(dev: NetDevice, link: LinkRules): string[] {
  const yes = (on: boolean): string => (on ? 'Yes' : 'No');
  const negotiating = dev.autoneg && link.autoneg;
  const known = linkUp(dev) && dev.speed_mbps > 0;
  return [
    `\tSupported ports: [ ${link.ports.join(' ')} ]`,
    ...modeLines('\tSupported link modes:   ', link.modes),
    `\tSupported pause frame use: ${link.pause}`,
    `\tSupports auto-negotiation: ${yes(link.autoneg)}`,
    '\tSupported FEC modes: Not reported',
    ...modeLines('\tAdvertised link modes:  ', negotiating ? link.modes : []),
    `\tAdvertised pause frame use: ${negotiating ? link.pause : 'No'}`,
    `\tAdvertised auto-negotiation: ${yes(negotiating)}`,
    '\tAdvertised FEC modes: Not reported',
    ...partnerLines(dev, link),
    `\tSpeed: ${known ? `${dev.speed_mbps}Mb/s` : 'Unknown!'}`,
    `\tDuplex: ${known && dev.duplex !== 'unknown' ? capital(dev.duplex) : 'Unknown! (255)'}`,
    `\tAuto-negotiation: ${negotiating ? 'on' : 'off'}`,
    `\tPort: ${link.port}`,
    `\tPHYAD: ${link.phyad}`,
    '\tTransceiver: internal',
    ...(link.mdix ? [`\tMDI-X: ${link.mdix}`] : []),
  ];
}

/// What the other end advertises, where the driver has asked it.
function partnerLines(dev: NetDevice, { partner }: LinkRules): string[] {
  if (!partner || !dev.autoneg || !linkUp(dev)) return [];
  return [
    ...modeLines('\tLink partner advertised link modes:  ', partner.modes),
    `\tLink partner advertised pause frame use: ${partner.pause}`,
    '\tLink partner advertised auto-negotiation: Yes',
    '\tLink partner advertised FEC modes: Not reported',
  ];
}

/// Half and full duplex of one speed share a line.
function modeLines(label: string, modes: readonly string[]): string[] {
  if (!modes.length) return [`${label}Not reported`];
  const lines: string[] = [];
  for (const mode of modes) {
    const speed = mode.split('/')[0]!;
    const last = lines.at(-1);
    if (last?.startsWith(`${speed}/`)) lines[lines.length - 1] = `${last} ${mode}`;
    else lines.push(mode);
  }
  const indent = `\t${' '.repeat(label.length - 1)}`;
  return lines.map((line, i) => (i ? indent : label) + line);
}

function capital(word: string): string {
  return word[0]!.toUpperCase() + word.slice(1);
}

const MESSAGES = [
  ...['drv', 'probe', 'link', 'timer', 'ifdown', 'ifup', 'rx_err', 'tx_err', 'tx_queued', 'intr'],
  ...['tx_done', 'rx_status', 'pktdata', 'hw', 'wol'],
];

function messageNames(mask: number): string[] {
  return MESSAGES.filter((_, bit) => mask & (1 << bit));
}

function driverLines(dev: NetDevice, link: LinkRules, root: boolean): string[] {
  const lines = [];
  if (link.wol && root) lines.push(`\tSupports Wake-on: ${link.wol}`, `\tWake-on: ${dev.wol}`);
  if (dev.msglvl >= 0) {
    const hex = dev.msglvl.toString(16).padStart(8, '0');
    lines.push(`        Current message level: 0x${hex} (${dev.msglvl})`);
    lines.push(`${' '.repeat(31)}${messageNames(dev.msglvl).join(' ')}`);
  }
  return lines;
}

function settingsJson(dev: NetDevice, link: LinkRules | null): Json {
  const object: Record<string, Json> = { ifname: dev.name };
  if (link) {
    const negotiating = dev.autoneg && link.autoneg;
    const known = linkUp(dev) && dev.speed_mbps > 0;
    object['supported-ports'] = link.ports;
    object['supported-link-modes'] = link.modes;
    object['supported-pause-frame-use'] = link.pause;
    object['supports-auto-negotiation'] = link.autoneg;
    object['supported-fec-modes'] = [];
    object['advertised-link-modes'] = negotiating ? link.modes : [];
    object['advertised-pause-frame-use'] = negotiating ? link.pause : 'No';
    object['advertised-auto-negotiation'] = negotiating;
    object['advertised-fec-modes'] = [];
    if (link.partner && dev.autoneg && linkUp(dev)) {
      object['link-partner-advertised-link-modes'] = link.partner.modes;
      object['link-partner-advertised-pause-frame-use'] = link.partner.pause;
      object['link-partner-advertised-auto-negotiation'] = true;
      object['link-partner-advertised-fec-modes'] = [];
    }
    if (known) object['speed'] = dev.speed_mbps;
    if (known && dev.duplex !== 'unknown') object['duplex'] = capital(dev.duplex);
    object['auto-negotiation'] = negotiating;
    object['port'] = link.port;
    object['phyad'] = link.phyad;
    object['transceiver'] = 'internal';
  }
  object['link-detected'] = linkUp(dev);
  return object;
}

const KINDS: Readonly<Record<string, Kind>> = {
  speed: 'u32',
  duplex: ['half', 'full'],
  autoneg: 'onoff',
  msglvl: 'u32',
  lanes: 'u32',
  phyad: 'u32',
  port: ['tp', 'aui', 'mii', 'fibre', 'bnc', 'da'],
  mdix: ['auto', 'on', 'off'],
};

export function* changeSettings(call: Call): Running {
  const driver = deviceOf(call) && driverOf(deviceOf(call)!);
  if (driver?.linkNotModelled)
    return yield* notModelled(call.io, `-s DEV with the driver ${driver.name}`);
  const at = call.args.indexOf('wol');
  const letters = at >= 0 && at % 2 === 0 ? call.args[at + 1] : undefined;
  const rest = letters === undefined ? call.args : call.args.filter((_, i) => i >> 1 !== at >> 1);
  const values = yield* parseParameters({ ...call, args: rest }, '-s', KINDS);
  if (!values) return 1;
  if (letters !== undefined && !/^[pumbagsfd]+$/.test(letters) && parseU32(letters) === null) {
    yield* call.io.err.line(`ethtool (-s): invalid value '${letters}' for parameter 'wol'`);
    return 1;
  }
  const further = ['lanes', 'phyad', 'port', 'mdix'].find((name) => values.has(name));
  if (further) return yield* notModelled(call.io, `-s DEV ${further}`);
  const dev = yield* deviceToChange(call);
  if (!dev) return FAILED;
  for (const result of requests(call, dev, values, letters)) {
    if (result.ok) continue;
    yield* netlinkError(call, result);
    return FAILED;
  }
  return 0;
}

/// One request for each kind of setting; the first refusal ends the command.
function* requests(
  { io: { k } }: Call,
  dev: NetDevice,
  values: ReadonlyMap<string, number | boolean | string>,
  letters: string | undefined,
): Generator<EthtoolResult, void> {
  const link: Record<string, unknown> = {};
  for (const name of ['speed', 'duplex', 'autoneg'])
    if (values.has(name)) link[name] = values.get(name);
  if (Object.keys(link).length) yield ethtool_set_link_ksettings(k, dev, link);
  if (letters !== undefined) yield ethtool_set_wol(k, dev, letters);
  const level = values.get('msglvl');
  if (typeof level === 'number') yield ethnl_set_debug(k, dev, level);
}
