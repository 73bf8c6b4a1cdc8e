// Bundler plugin: leaves out of the small worker's program (simulations/host.worker.ts) what its
// scenarios never use. As with a kernel's modules, the path tests a number before it calls into one
// (dev.rx_hooks, k.nf.active, sk.tcp ...), so the calls stay and their targets go: each exported
// function of an absent file becomes one that throws its name. Constants stay. A scenario that needs
// an absent part starts with the whole program (simulations/start_worker.ts); test/player/
// two_programs.test.ts runs every other one in the small program, and compares.
import { readFileSync } from 'node:fs';

const ABSENT = [
  /\/src\/kernel\/(tcp|netfilter|xdp|remote|bridge|tc)\/(?!inet_hashtables).+\.ts$/,
  /\/src\/kernel\/(af_packet|packet_\w+|sch_ingress|cls_\w+|act_\w+|vlan|bond|macvlan|rx_handler|upper_xmit)\.ts$/,
  /\/src\/kernel\/(ip_fragment\w*|inet_fragment|ipv6_\w+|ip6_\w+|udp_ipv6|udp6_lookup|raw|epoll\w*|tcp_offload|gro_merge|lro|dim\w*|rxnfc_\w+)\.ts$/,
  /\/src\/kernel\/(pause_frames|multicast|net_timestamp\w*|managed_irq|group_cpus|disk_vectors|page_pool)\.ts$/,
];
/// Drivers of NICs that no small scenario has: their tables keep their places, empty.
const ABSENT_NIC =
  /\/src\/hardware\/(?!igb|intel|lo|driver|host_|features|rx_path|cpu|link_stats|nic_driver|timestamping)\w+\.ts$/;
/// What only pages read that run no program: where a cost comes from, how the map calls a step and where it is.
const FIELDS = [
  [/\/src\/kernel\/costs\.ts$/, /\bsource:\s*(?:`[^`]*`|'[^']*'|[A-Z_]+)/g, "source: ''"],
  [/\/src\/kernel\/steps\.ts$/, /\bshort: '[^']*'/g, "short: ''"],
  [/\/src\/kernel\/steps\.ts$/, /\bstorey: '[^']*'/g, "storey: 'nic'"],
];
const SMALL = /\/simulations\/host\.worker\.ts/;
const WHOLE = '?whole';

/** @returns {import('rolldown').Plugin} */
export default function smallProgram() {
  let small = false;
  return {
    name: 'small-program',
    buildStart({ input }) {
      small = SMALL.test(JSON.stringify(input).replaceAll('\\\\', '/'));
    },
    load(id) {
      const [file = ''] = id.split('?');
      const nic = ABSENT_NIC.test(file);
      const fields = small ? FIELDS.filter(([table]) => table.test(file)) : [];
      if (fields.length > 0) {
        const code = fields.reduce(
          (text, [, field, empty]) => text.replace(field, empty),
          readFileSync(file, 'utf8'),
        );
        return { code, moduleType: 'ts' };
      }
      if (!small || !(nic || ABSENT.some((part) => part.test(file)))) return null;
      const code = readFileSync(file, 'utf8');
      if (id.endsWith(WHOLE)) return { code, moduleType: 'ts' };
      const functions = [...code.matchAll(/^export function\*? (\w+)/gm)].map(([, name]) => name);
      const constants = [...code.matchAll(/^export const (\w+)/gm)].map(([, name]) => name);
      const again = [...code.matchAll(/^export \{[^}]*\} from .*;$/gm)].map(([line]) => line);
      const lines = functions.map(
        (name) =>
          `export function ${name}() { throw new Error('${name}() is not in this program'); }`,
      );
      if (nic) lines.push(...constants.map((name) => `export const ${name} = {};`));
      else if (constants.length > 0)
        lines.push(`export { ${constants.join(', ')} } from ${JSON.stringify(file + WHOLE)};`);
      return { code: [...lines, ...again].join('\n'), moduleType: 'ts' };
    },
  };
}
