// What a Linux machine needs for work that no paper gives a figure for: a system call, a context switch,
// waking a sleeping task on the same CPU and on another one, receiving a UDP datagram.
// Prints the median and the least of ROUNDS rounds, in nanoseconds of wall time.
//   cc -O2 -o os_costs os_costs.c && ./os_costs
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 15, LOOPS = 20000 };

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set)) perror("sched_setaffinity"), exit(1);
}

static int ascending(const void *a, const void *b) {
  double d = *(const double *)a - *(const double *)b;
  return d < 0 ? -1 : d > 0;
}

static double report(const char *what, double *ns) {
  qsort(ns, ROUNDS, sizeof *ns, ascending);
  printf("%-58s median %7.0f ns, least %7.0f ns\n", what, ns[ROUNDS / 2], ns[0]);
  return ns[ROUNDS / 2];
}

static void system_call(void) {
  double ns[ROUNDS];
  for (int r = 0; r < ROUNDS; r++) {
    double start = now_ns();
    for (int i = 0; i < LOOPS * 10; i++) syscall(SYS_getppid);
    ns[r] = (now_ns() - start) / (LOOPS * 10);
  }
  report("system call (getppid)", ns);
}

static void pipe_call(void) {
  int p[2];
  double ns[ROUNDS];
  char byte = 0;
  if (pipe(p)) exit(1);
  for (int r = 0; r < ROUNDS; r++) {
    double start = now_ns();
    for (int i = 0; i < LOOPS; i++)
      if (write(p[1], &byte, 1) != 1 || read(p[0], &byte, 1) != 1) exit(1);
    ns[r] = (now_ns() - start) / LOOPS;
  }
  report("write and read of one byte, pipe, nobody sleeps", ns);
}

// One byte to and fro: each half wakes the other side and goes to sleep itself.
static void ping_pong(const char *what, int here, int there) {
  int a[2], b[2];
  double ns[ROUNDS];
  char byte = 0;
  if (pipe(a) || pipe(b)) exit(1);
  pid_t child = fork();
  if (child == 0) {
    pin(there);
    close(a[1]);
    while (read(a[0], &byte, 1) == 1)
      if (write(b[1], &byte, 1) != 1) break;
    _exit(0);
  }
  pin(here);
  for (int r = 0; r < ROUNDS; r++) {
    double start = now_ns();
    for (int i = 0; i < LOOPS / 4; i++)
      if (write(a[1], &byte, 1) != 1 || read(b[0], &byte, 1) != 1) exit(1);
    ns[r] = (now_ns() - start) / (LOOPS / 4) / 2;
  }
  close(a[1]);
  waitpid(child, NULL, 0);
  report(what, ns);
}

// Datagrams wait in the socket already: what is timed is recvmsg alone.
static void udp_receive(int bytes) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof to;
  static char data[65536];
  double receive[ROUNDS], send_ns[ROUNDS];
  int rx = socket(AF_INET, SOCK_DGRAM, 0), tx = socket(AF_INET, SOCK_DGRAM, 0), big = 8 << 20;
  setsockopt(rx, SOL_SOCKET, SO_RCVBUF, &big, sizeof big);
  if (bind(rx, (void *)&to, size) || getsockname(rx, (void *)&to, &size)) exit(1);
  if (connect(tx, (void *)&to, size)) exit(1);
  enum { BATCH = 100 };
  for (int r = 0; r < ROUNDS; r++) {
    double sending = 0, receiving = 0;
    for (int n = 0; n < 100; n++) {
      double start = now_ns();
      for (int i = 0; i < BATCH; i++)
        if (send(tx, data, bytes, 0) != bytes) exit(1);
      double sent = now_ns();
      for (int i = 0; i < BATCH; i++)
        if (recv(rx, data, sizeof data, 0) != bytes) exit(1);
      sending += sent - start;
      receiving += now_ns() - sent;
    }
    send_ns[r] = sending / (100 * BATCH);
    receive[r] = receiving / (100 * BATCH);
  }
  char what[80];
  snprintf(what, sizeof what, "send of %d bytes of UDP over lo, up to the socket", bytes);
  report(what, send_ns);
  snprintf(what, sizeof what, "recv of %d bytes of UDP that wait in the socket", bytes);
  report(what, receive);
}

int main(void) {
  int cpus = sysconf(_SC_NPROCESSORS_ONLN);
  pin(0);
  system_call();
  pipe_call();
  ping_pong("wake, sleep and switch to a task of this CPU, pipe", 0, 0);
  if (cpus > 1) ping_pong("the same with a task of another CPU, pipe", 0, 1);
  pin(0);
  udp_receive(18);
  udp_receive(1472);
  return 0;
}
