/// ethtool's options in the tool's order: names, the function behind each, and its line of help.
/// An option of the real tool that the model does not have says so.
import type { Running } from '../command.ts';
import { notModelled, type Call } from './call.ts';
import { setChannels, showChannels } from './channels.ts';
import { perQueue, setCoalesce, showCoalesce } from './coalesce.ts';
import { setFeatures, showFeatures } from './features.ts';
import { printHelp, showVersion, type Explained } from './help.ts';
import {
  identify,
  ioctlOrNotModelled,
  refuse,
  renegotiate,
  showDriver,
  showPermanentAddress,
  showTimestamping,
  showTunnels,
} from './identity.ts';
import { configNfc, showNfc } from './nfc.ts';
import { setPause, setPrivateFlags, showPause, showPrivateFlags } from './pause.ts';
import { reset } from './reset.ts';
import { setRings, showRings } from './rings.ts';
import { setRxfh, showRxfh } from './rxfh.ts';
import { changeSettings, showSettings } from './settings.ts';
import { showStatistics } from './statistics.ts';

export interface Option extends Explained {
  readonly json: boolean;
  readonly run: (call: Call) => Running;
}

function option(
  names: string,
  help: string,
  run: (call: Call) => Running,
  rest: Partial<Option> = {},
): Option {
  return { names, help, run, further: [], json: false, device: true, ...rest };
}

const JSON = { json: true };

/// An option that the real tool has and the model does not.
function absent(names: string, help: string): Option {
  return option(names, help, (call) => notModelled(call.io, names));
}

const WORDS_OF_CHANGE = [
  ...['[ speed %d ]', '[ lanes %d ]', '[ duplex half|full ]'],
  ...['[ port tp|aui|bnc|mii|fibre|da ]', '[ mdix auto|on|off ]', '[ autoneg on|off ]'],
  ...['[ advertise %x[/%x] | mode on|off ... [--] ]', '[ phyad %d ]'],
  ...['[ xcvr internal|external ]', '[ wol %d[/%d] | p|u|m|b|a|g|s|f|d... ]'],
  ...['[ sopass %x:%x:%x:%x:%x:%x ]', '[ msglvl %d[/%d] | type on|off ... [--] ]'],
  '[ master-slave preferred-master|preferred-slave|forced-master|forced-slave ]',
];

export const DEFAULT_OPTION: Option = option(
  '',
  'Display standard information about device',
  showSettings,
  JSON,
);

export const OPTIONS: readonly Option[] = [
  option('-s|--change', 'Change generic options', changeSettings, { further: WORDS_OF_CHANGE }),
  option('-a|--show-pause', 'Show pause options', showPause, {
    ...JSON,
    further: ['[ --src aggregate | emac | pmac ]'],
  }),
  option('-A|--pause', 'Set pause options', setPause, {
    further: ['[ autoneg on|off ]', '[ rx on|off ]', '[ tx on|off ]'],
  }),
  option('-c|--show-coalesce', 'Show coalesce options', showCoalesce, JSON),
  option('-C|--coalesce', 'Set coalesce options', setCoalesce, {
    further: ['[adaptive-rx on|off]', '[rx-usecs N]', '[rx-frames N]', '[tx-usecs N]', '...'],
  }),
  option('-g|--show-ring', 'Query RX/TX ring parameters', showRings, JSON),
  option('-G|--set-ring', 'Set RX/TX ring parameters', setRings, {
    further: ['[ rx N ]', '[ rx-mini N ]', '[ rx-jumbo N ]', '[ tx N ]'],
  }),
  option(
    '-k|--show-features|--show-offload',
    'Get state of protocol offload and other features',
    showFeatures,
    JSON,
  ),
  option('-K|--features|--offload', 'Set protocol offload and other features', setFeatures, {
    further: ['FEATURE on|off ...'],
  }),
  option('-i|--driver', 'Show driver information', showDriver),
  option(
    '-d|--register-dump',
    'Do a register dump',
    ioctlOrNotModelled('-d', 'registers', 'Cannot get register dump', 74),
  ),
  option(
    '-e|--eeprom-dump',
    'Do a EEPROM dump',
    ioctlOrNotModelled('-e', 'eeprom', 'Cannot get EEPROM data', 74),
  ),
  absent('-E|--change-eeprom', 'Change bytes in device EEPROM'),
  option('-r|--negotiate', 'Restart N-WAY negotiation', renegotiate),
  option('-p|--identify', 'Show visible port identification (e.g. blinking)', identify, {
    further: ['[ TIME-IN-SECONDS ]'],
  }),
  option(
    '-t|--test',
    'Execute adapter self test',
    ioctlOrNotModelled('-t', 'test', 'Cannot test', 74),
    {
      further: ['[ online | offline | external_lb ]'],
    },
  ),
  option('-S|--statistics', 'Show adapter statistics', showStatistics, {
    ...JSON,
    further: ['[ --all-groups | --groups [eth-phy] [eth-mac] [eth-ctrl] [rmon] ]'],
  }),
  absent('--phy-statistics', 'Show phy statistics'),
  option(
    '-n|-u|--show-nfc|--show-ntuple',
    'Show Rx network flow classification options or rules',
    showNfc,
    { further: ['[ rx-flow-hash tcp4|udp4|sctp4|ah4|esp4|tcp6|udp6|... | rule %d ]'] },
  ),
  option(
    '-N|-U|--config-nfc|--config-ntuple',
    'Configure Rx network flow classification options or rules',
    configNfc,
    {
      further: [
        'rx-flow-hash tcp4|udp4|sctp4|ah4|esp4|tcp6|udp6|... m|v|t|s|d|f|n|r|e... |',
        'flow-type ether|ip4|tcp4|udp4|sctp4|ah4|esp4|ip6|tcp6|udp6|... |',
        'delete %d',
      ],
    },
  ),
  option('-T|--show-time-stamping', 'Show time stamping capabilities', showTimestamping),
  absent('--get-hwtimestamp-cfg', 'Get selected hardware time stamping'),
  absent('--set-hwtimestamp-cfg', 'Select hardware time stamping'),
  option(
    '-x|--show-rxfh-indir|--show-rxfh',
    'Show Rx flow hash indirection table and/or RSS hash key',
    showRxfh,
    { ...JSON, further: ['[ context %d ]'] },
  ),
  option(
    '-X|--set-rxfh-indir|--rxfh',
    'Set Rx flow hash indirection table and/or RSS hash key',
    setRxfh,
    {
      further: [
        '[ equal N | weight W0 W1 ... | default ]',
        '[ hkey %x:%x:%x:%x:%x:.... ]',
        '[ hfunc FUNC ]',
      ],
    },
  ),
  absent('-f|--flash', 'Flash firmware image from the specified file to a region on the device'),
  option('-P|--show-permaddr', 'Show permanent hardware address', showPermanentAddress),
  absent('-w|--get-dump', 'Get dump flag, data'),
  absent('-W|--set-dump', 'Set dump flag of the device'),
  option('-l|--show-channels', 'Query Channels', showChannels),
  option('-L|--set-channels', 'Set Channels', setChannels, {
    further: ['[ rx N ]', '[ tx N ]', '[ other N ]', '[ combined N ]'],
  }),
  option('--show-priv-flags', 'Query private flags', showPrivateFlags),
  option('--set-priv-flags', 'Set private flags', setPrivateFlags, {
    further: ['FLAG on|off ...'],
  }),
  option('-m|--dump-module-eeprom|--module-info', 'Query/Decode Module EEPROM', refuse, JSON),
  option('--show-eee', 'Show EEE settings', refuse, JSON),
  absent('--set-eee', 'Set EEE settings'),
  absent('--set-phy-tunable', 'Set PHY tunable'),
  absent('--get-phy-tunable', 'Get PHY tunable'),
  absent('--get-tunable', 'Get tunable'),
  absent('--set-tunable', 'Set tunable'),
  option('--reset', 'Reset components', reset),
  absent('--show-fec', 'Show FEC settings'),
  absent('--set-fec', 'Set FEC settings'),
  option('-Q|--per-queue', 'Apply per-queue command.', perQueue, {
    further: ['The supported sub commands include --show-coalesce, --coalesce'],
  }),
  absent('--cable-test', 'Perform a cable test'),
  absent('--cable-test-tdr', 'Print cable test time domain reflectrometery data'),
  option('--show-tunnels', 'Show NIC tunnel offload information', showTunnels),
  absent('--show-module', 'Show transceiver module settings'),
  absent('--set-module', 'Set transceiver module settings'),
  option('-h|--help', 'Show this help', (call) => printHelp(call, [DEFAULT_OPTION, ...OPTIONS]), {
    device: false,
  }),
  option('--version', 'Show version number', showVersion, { device: false }),
];

/// The option that a word names, or undefined.
export function findOption(word: string): Option | undefined {
  return OPTIONS.find(({ names }) => names.split('|').includes(word));
}
