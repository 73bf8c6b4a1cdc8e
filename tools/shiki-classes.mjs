// Shiki transformer: with the theme 'css-variables' every token carries
// style="color:var(--astro-code-token-keyword)"; this makes it class="t-keyword", so that the
// site's style sheet colours code in both themes and the HTML stays small.

/** @param {unknown} style */
const tokenName = (style) => /--[\w-]*?token-([\w-]+)/.exec(String(style ?? ''))?.[1];

/** @type {import('shiki').ShikiTransformer} */
export const shikiClasses = {
  name: 'style-to-class',
  pre(node) {
    delete node.properties.style;
  },
  span(node) {
    const name = tokenName(node.properties.style);
    delete node.properties.style;
    if (name) node.properties.class = `t-${name}`;
  },
};
