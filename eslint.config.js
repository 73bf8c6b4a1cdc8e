import js from '@eslint/js';
import astro from 'eslint-plugin-astro';
import svelte from 'eslint-plugin-svelte';
import { defineConfig, globalIgnores } from 'eslint/config';
import globals from 'globals';
import ts from 'typescript-eslint';

/// Rules that need types run over the core; components and scripts get the untyped set, since
/// astro check and svelte-check already hold their types.
export default defineConfig(
  globalIgnores(['dist/', '.astro/', 'node_modules/', '.cache/', 'test/reference/']),
  js.configs.recommended,
  ts.configs.recommended,
  svelte.configs.recommended,
  astro.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
    rules: {
      'no-undef': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'] } },
  },
  {
    files: ['src/**/*.ts', 'simulations/**/*.ts', 'tools/**/*.ts', 'test/**/*.ts'],
    extends: [ts.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      'require-yield': 'off',
    },
  },
  {
    // The core must be a function of its inputs: no clock, no dice, no engine-dependent arithmetic.
    files: [
      'src/engine/**',
      'src/kernel/**',
      'src/hardware/**',
      'src/shell/**',
      'simulations/**/*.ts',
    ],
    rules: {
      'no-restricted-globals': [
        'error',
        'Date',
        'performance',
        'setTimeout',
        'setInterval',
        'fetch',
        'window',
        'document',
        'process',
      ],
      'no-restricted-properties': [
        'error',
        ...[
          'random',
          'log',
          'log2',
          'log10',
          'log1p',
          'exp',
          'expm1',
          'pow',
          'sin',
          'cos',
          'tan',
          'atan2',
          'cbrt',
          'hypot',
          'tanh',
        ].map((property) => ({
          object: 'Math',
          property,
          message: 'differs between engines: use src/engine/random.ts',
        })),
      ],
    },
  },
);
