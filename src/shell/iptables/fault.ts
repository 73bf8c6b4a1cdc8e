/// What is wrong with a command line of iptables, and what is not modelled. Exit statuses as in
/// include/xtables.h: 1 other problems, 2 parameters, 3 versions, 4 resources.

export const VERSION = 'v1.8.11';

/// Who complains: the program, and the line of its input; -1: it was typed.
export interface Speaker {
  readonly program: string; // iptables, ip6tables-restore, ...
  readonly line: number;
}

/// Ends the command with a text on stderr and an exit status.
export class Fault extends Error {
  readonly status: number;
  readonly text: (speaker: Speaker) => string;
  constructor(text: string | ((speaker: Speaker) => string), status: number) {
    super('a command of iptables has failed');
    this.text = typeof text === 'string' ? () => text : text;
    this.status = status;
  }
}

function tryHelp({ program, line }: Speaker): string {
  const where = line < 0 ? '' : `Error occurred at line: ${line}\n`;
  return `${where}Try \`${program} -h' or '${program} --help' for more information.\n`;
}

/// A line that opens as every complaint does. iptables/xtables-standalone.c:xtables_exit_error()
export function complaint(says: string, status: number, more = ''): Fault {
  return new Fault(({ program }) => `${program} ${VERSION} (nf_tables): ${says}\n${more}`, status);
}

/// A parameter that cannot be; the help is recommended.
export function badParameter(says: string): Fault {
  return new Fault(
    (speaker) => `${speaker.program} ${VERSION} (nf_tables): ${says}\n${tryHelp(speaker)}`,
    2,
  );
}

/// The same without the program's name. iptables/xshared.c:exit_tryhelp()
export function unasked(says: string): Fault {
  return new Fault((speaker) => `${says}${tryHelp(speaker)}`, 2);
}

/// A refusal by the ruleset as it is: `iptables: ... .`
export function refusal(says: string): Fault {
  return new Fault(
    ({ program, line }) => `${program}: ${line < 0 ? '' : `line ${line} failed: `}${says}.\n`,
    1,
  );
}

/// Something that this host does not have.
export function absent(what: string): Fault {
  return new Fault(`softnet: not modelled here: ${what}\n`, 1);
}
