/// What is wrong with a command line of iptables, and what is not modelled. Exit statuses as in
/// include/xtables.h: 1 other problems, 2 parameters, 3 versions, 4 resources.

export const VERSION = 'v1.8.11';

/// Ends the command with a line on stderr and an exit status.
export class Fault extends Error {
  readonly status: number;
  constructor(text: string, status: number) {
    super(text);
    this.status = status;
  }
}

/// A parameter that cannot be; the help is recommended.
export function badParameter(says: string): Fault {
  return new Fault(
    `iptables ${VERSION} (nf_tables): ${says}\nTry \`iptables -h' or 'iptables --help' for more information.\n`,
    2,
  );
}

/// A refusal by the ruleset as it is: `iptables: ... .`
export function refusal(says: string): Fault {
  return new Fault(`iptables: ${says}.\n`, 1);
}

/// Something that this host does not have.
export function absent(what: string): Fault {
  return new Fault(`softnet: not modelled here: ${what}\n`, 1);
}
