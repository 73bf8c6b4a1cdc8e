// Entry point of every npm script. Runs on any Node from 18 on, without dependencies: installs what
// is missing, then runs the task's commands with node_modules/.bin first in PATH, where the project's
// own Node 24 lives (it runs TypeScript directly).
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, '.cache');
const env = {
  ...process.env,
  ASTRO_TELEMETRY_DISABLED: '1',
  PATH: join(root, 'node_modules', '.bin') + delimiter + process.env.PATH,
};

/// Runs one command line; true when it ended with status 0.
function sh(cmd, args = [], { quiet = false } = {}) {
  if (!quiet) console.log(`\n> ${[cmd, ...args].join(' ')}`);
  const words = cmd.split(' ');
  const r = spawnSync(words[0], [...words.slice(1), ...args], {
    cwd: root,
    env,
    stdio: quiet ? 'ignore' : 'inherit',
    shell: process.platform === 'win32',
  });
  return r.status === 0;
}

function must(cmd, args, options) {
  if (!sh(cmd, args, options)) process.exit(1);
}

function install() {
  const stamp = join(root, 'node_modules', '.stamp');
  const want = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === want) return;
  console.error('installing the dependencies');
  const r = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    env,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (r.status !== 0) process.exit(r.status ?? 1);
  writeFileSync(stamp, want);
}

const usable = (path) => {
  try {
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    return null;
  }
};

const CHROMIUMS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];
const FIREFOXES = [
  '/usr/bin/firefox-esr',
  '/usr/bin/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
];

function playwrightOwn() {
  const r = spawnSync('node', ['-p', "require('playwright-core').chromium.executablePath()"], {
    cwd: root,
    env,
    encoding: 'utf8',
  });
  return r.status === 0 ? usable(r.stdout.trim()) : null;
}

function apt(name) {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return;
  env.DEBIAN_FRONTEND = 'noninteractive';
  sh('apt-get update -qq', [], { quiet: true });
  sh('apt-get install -y -qq --no-install-recommends', [name], { quiet: true });
}

/// Finds a Chromium for the browser tests, installing one where that is possible.
function chromium() {
  let path = process.env.CHROMIUM_PATH || playwrightOwn() || CHROMIUMS.find(usable);
  if (!path && sh('playwright install chromium', [], { quiet: true })) path = playwrightOwn();
  if (!path) {
    apt('chromium');
    path = CHROMIUMS.find(usable);
  }
  if (!path) return fail('no Chromium found: set CHROMIUM_PATH to one');
  env.CHROMIUM_PATH = path;
  const firefox = process.env.FIREFOX_PATH || FIREFOXES.find(usable);
  if (firefox) env.FIREFOX_PATH = firefox;
  return true;
}

function fail(text) {
  console.error(text);
  return false;
}

const count = { passed: 0, failed: 0 };

/// A step of `npm test`: counts as one check, or as the tests that it wrote to `report`.
function step(cmd, report) {
  const file = report && join(cache, report);
  if (file) rmSync(file, { force: true });
  const ok = sh(cmd);
  if (!file) return tally(ok ? 1 : 0, ok ? 0 : 1);
  if (!existsSync(file)) return tally(0, 1);
  const { passed, failed } = counts(JSON.parse(readFileSync(file, 'utf8')));
  // A runner that failed without a failing test (a crash, an unhandled error) is a failure too.
  tally(passed, failed === 0 && !ok ? 1 : failed);
}

/// Test counts of a Vitest or Playwright JSON report.
function counts(report) {
  if (report.stats)
    return { passed: report.stats.expected, failed: report.stats.unexpected + report.stats.flaky };
  return { passed: report.numPassedTests, failed: report.numFailedTests };
}

function tally(passed, failed) {
  count.passed += passed;
  count.failed += failed;
}

const CHECKS = [
  'prettier --check --log-level warn .',
  'eslint .',
  'tsc -p tsconfig.core.json',
  'astro check',
  'svelte-check --fail-on-warnings',
];

function test() {
  const started = Date.now();
  for (const check of CHECKS) step(check);
  step(
    'vitest run --reporter=default --reporter=json --outputFile.json=.cache/unit.json',
    'unit.json',
  );
  step('node tools/conformance.ts transcripts --baseline');
  step('node tools/conformance.ts vectors --baseline');
  step('node tools/coverage.ts');
  step('astro build');
  if (chromium()) step('playwright test', 'browser.json');
  else tally(0, 1);
  console.log(`\n${((Date.now() - started) / 60_000).toFixed(1)} minutes`);
  console.log(`${count.passed} passed, ${count.failed} failed`);
  process.exit(count.failed ? 1 : 0);
}

const args = process.argv.slice(3);
const tasks = {
  setup: () => {},
  start: () => {
    must('astro build');
    must('node tools/serve.mjs --port 4321', args);
  },
  dev: () => must('astro dev --host 127.0.0.1 --port 4321', args),
  build: () => must('astro build', args),
  check: () => CHECKS.forEach((check) => must(check)),
  unit: () => must('vitest run', args),
  e2e: () => {
    if (!chromium()) process.exit(1);
    must('astro build');
    must('playwright test', args);
  },
  format: () => must('prettier --write --log-level warn .'),
  // The command-line tools print nothing but their own output.
  shell: () => tool('shell'),
  sim: () => tool('sim'),
  conformance: () => tool('conformance'),
  coverage: () => tool('coverage'),
  bench: () => tool('bench'),
  fuzz: () => tool('fuzz'),
  test,
};

function tool(name) {
  const r = spawnSync('node', [`tools/${name}.ts`, ...args], { cwd: root, env, stdio: 'inherit' });
  process.exit(r.status ?? 1);
}

const task = tasks[process.argv[2]];
if (!task) {
  console.error(`tasks: ${Object.keys(tasks).join(' ')}`);
  process.exit(2);
}
process.chdir(root);
install();
mkdirSync(cache, { recursive: true });
task();
