/// The recorded sessions as data: the format of test/reference/transcripts/README.md.

export interface Recorded {
  readonly id: string;
  readonly title: string;
  readonly host: { readonly profile: string };
  readonly steps: readonly RecordedStep[];
}

export interface RecordedStep {
  readonly cmd: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number;
  readonly user?: string;
  readonly on?: string; // 'peer': typed at the other end of the wire
  readonly tty_columns?: number;
  readonly uptime?: number; // seconds since boot
  readonly took?: number; // seconds
  readonly timed_out?: boolean; // interrupted after 60 s
}

/// The recorded text of a session file; throws with the file's name when a field is missing.
export function parseRecorded(text: string, file: string): Recorded {
  const data = JSON.parse(text) as Partial<Recorded>;
  if (!data.id || !data.host?.profile || !Array.isArray(data.steps))
    throw new Error(`${file}: not a recorded session (id, host.profile and steps are needed)`);
  return data as Recorded;
}
