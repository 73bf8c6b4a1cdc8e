/// Names of ports, as /etc/services of a Debian host has them, where a simulated host is likely to use them.
const NAMES: Readonly<Record<string, number>> = {
  ...{ echo: 7, discard: 9, 'ftp-data': 20, ftp: 21, ssh: 22, telnet: 23, smtp: 25, domain: 53 },
  ...{ bootps: 67, bootpc: 68, tftp: 69, http: 80, pop3: 110, sunrpc: 111, ntp: 123, imap2: 143 },
  ...{ snmp: 161, bgp: 179, ldap: 389, https: 443, syslog: 514, nfs: 2049, mysql: 3306 },
};
const PORTS = new Map(Object.entries(NAMES).map(([name, port]) => [port, name]));

/// The number of a port written as a number or by its name; null: neither.
export function portNumber(word: string): number | null {
  if (/^\d+$/.test(word)) return Number(word);
  return NAMES[word] ?? null;
}

/// What tcpdump prints for a port without -n.
export function portName(port: number): string {
  return PORTS.get(port) ?? String(port);
}
