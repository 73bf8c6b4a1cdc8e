/// Ports by their names, as /etc/services of Debian 13 (netbase) has them. Read only: nft prints numbers.
/// Left out: most of the file; a name that is not here is refused as one that no file knows.
import { wordTable } from '../word_table.ts';

export const SERVICES: Readonly<Record<string, number>> = wordTable({
  ...{ echo: 7, discard: 9, daytime: 13, 'ftp-data': 20, ftp: 21, ssh: 22, telnet: 23, smtp: 25 },
  ...{ time: 37, domain: 53, bootps: 67, bootpc: 68, tftp: 69, http: 80, kerberos: 88, pop3: 110 },
  ...{
    sunrpc: 111,
    ntp: 123,
    'netbios-ns': 137,
    imap2: 143,
    snmp: 161,
    'snmp-trap': 162,
    bgp: 179,
  },
  ...{ ldap: 389, https: 443, 'microsoft-ds': 445, isakmp: 500, syslog: 514, submission: 587 },
  ...{ ldaps: 636, imaps: 993, pop3s: 995, mysql: 3306, postgresql: 5432, redis: 6379 },
  ...{ 'http-alt': 8080, nfs: 2049, rsync: 873, openvpn: 1194, mdns: 5353 },
});
