/// The pages of the knowledge base: MDX under content/, one slug per thing. The frontmatter carries the
/// facts of a page and is checked here: an unknown step, function, tunable, counter or topic fails the build.
import { defineCollection } from 'astro:content';
import { glob } from 'astro/loaders';
import { pageSchema } from './page_schema.ts';

const pages = defineCollection({
  loader: glob({ base: './content', pattern: '*/*.mdx' }),
  schema: pageSchema,
});

export const collections = { pages };
