/// Cookies: a number of its own for each socket that somebody has asked about, for the whole time of the host.
/// Stands for __sock_gen_cookie() in net/core/sock_diag.c and gen_cookie_next() in include/linux/cookie.h.
/// Left out: that each CPU takes them from a batch of its own, 4096 at a time.
import type { Kernel } from './state.ts';

/// The socket's cookie, given now if it has none. include/linux/sock_diag.h:sock_gen_cookie()
export function sock_gen_cookie(k: Kernel, sk: { cookie: number }): number {
  if (sk.cookie === 0) sk.cookie = ++k.cookie_last;
  return sk.cookie;
}
