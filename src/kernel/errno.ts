/// How a system call answers: done, or refused with an errno and, for netlink, a sentence in the
/// extended acknowledgement. Names and texts are those of Linux and glibc.
/// Left out: errnos that nothing here returns.

const texts = {
  EPERM: 'Operation not permitted',
  ENOENT: 'No such file or directory',
  ESRCH: 'No such process',
  EINTR: 'Interrupted system call',
  EIO: 'Input/output error',
  ENXIO: 'No such device or address',
  E2BIG: 'Argument list too long',
  ENOEXEC: 'Exec format error',
  EBADF: 'Bad file descriptor',
  ECHILD: 'No child processes',
  EAGAIN: 'Resource temporarily unavailable',
  ENOMEM: 'Cannot allocate memory',
  EACCES: 'Permission denied',
  EFAULT: 'Bad address',
  EBUSY: 'Device or resource busy',
  EEXIST: 'File exists',
  EXDEV: 'Invalid cross-device link',
  ENODEV: 'No such device',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
  EINVAL: 'Invalid argument',
  ENFILE: 'Too many open files in system',
  EMFILE: 'Too many open files',
  ENOTTY: 'Inappropriate ioctl for device',
  EFBIG: 'File too large',
  ENOSPC: 'No space left on device',
  ESPIPE: 'Illegal seek',
  EROFS: 'Read-only file system',
  EMLINK: 'Too many links',
  EPIPE: 'Broken pipe',
  EDOM: 'Numerical argument out of domain',
  ERANGE: 'Numerical result out of range',
  ENAMETOOLONG: 'File name too long',
  ENOSYS: 'Function not implemented',
  ENOTEMPTY: 'Directory not empty',
  ELOOP: 'Too many levels of symbolic links',
  EOVERFLOW: 'Value too large for defined data type',
  EMSGSIZE: 'Message too long',
  ENOPROTOOPT: 'Protocol not available',
  ENOTSOCK: 'Socket operation on non-socket',
  EOPNOTSUPP: 'Operation not supported',
  EAFNOSUPPORT: 'Address family not supported by protocol',
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  ENETDOWN: 'Network is down',
  ENETUNREACH: 'Network is unreachable',
  ENOBUFS: 'No buffer space available',
  ENOTCONN: 'Transport endpoint is not connected',
  ETIMEDOUT: 'Connection timed out',
  ECONNREFUSED: 'Connection refused',
  EHOSTUNREACH: 'No route to host',
  EALREADY: 'Operation already in progress',
  EINPROGRESS: 'Operation now in progress',
  ENOTSUPP: 'Unknown error 524', // the kernel's own number; glibc has no text for it
  // Ours, not the kernel's: a real host has it, this one does not model it.
  ENOTMODELLED: 'softnet: not modelled here',
} as const;

export type ErrnoName = keyof typeof texts;

/// What a setter returns.
export type Result =
  | { readonly ok: true }
  | { readonly ok: false; readonly errno: ErrnoName; readonly extack?: string };

export const done: Result = Object.freeze({ ok: true });

/// A refusal, with the sentence that the kernel adds for netlink, if it does.
export function fails(errno: ErrnoName, extack?: string): Result {
  return extack === undefined ? { ok: false, errno } : { ok: false, errno, extack };
}

/// What strerror(3) says.
export function strerror(name: ErrnoName): string {
  return texts[name];
}
