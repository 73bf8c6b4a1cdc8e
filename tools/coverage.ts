/// npm run coverage: which topics of the source documents the pages cover. A page names them in its
/// frontmatter (`topics: [S008, ...]`); an id that the list does not have is an error.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const OUT_OF_SCOPE = 'out of scope';

interface Topic {
  readonly id: string;
  readonly treatment: string;
}

const topics = readFileSync(join(root, 'test/reference/topics.tsv'), 'utf8')
  .split('\n')
  .filter((line) => /^S\d/.test(line))
  .map((line): Topic => {
    const columns = line.split('\t');
    return { id: columns[0]!, treatment: columns[5] ?? '' };
  });
const known = new Map(topics.map((topic) => [topic.id, topic]));
const covered = new Set<string>();
let wrong = 0;

for (const file of readdirSync(join(root, 'content'), {
  recursive: true,
  encoding: 'utf8',
}).sort()) {
  if (!/\.mdx?$/.test(file)) continue;
  const ids = topicsOf(readFileSync(join(root, 'content', file), 'utf8'));
  for (const id of ids) {
    if (known.has(id)) covered.add(id);
    else {
      console.error(`content/${file}: unknown topic ${id}`);
      wrong++;
    }
  }
  console.log(`${file}: ${ids.length} topics`);
}
const wanted = topics.filter((topic) => topic.treatment !== OUT_OF_SCOPE);
console.log(
  `topics: ${wanted.filter((topic) => covered.has(topic.id)).length}/${wanted.length} covered`,
);
if (wrong) process.exitCode = 1;

/// Topic ids in a page's frontmatter, whether the list is on one line or on several.
function topicsOf(page: string): string[] {
  const front = /^---\n([\s\S]*?)\n---/.exec(page)?.[1] ?? '';
  const list = /^topics:\s*(\[[^\]]*\]|(?:\n\s+- .*)+)/m.exec(front)?.[1] ?? '';
  return list.match(/[A-Z]\d+/g) ?? [];
}
