import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import { defineConfig, globalIgnores } from 'eslint/config';
import ts from 'typescript-eslint';

export default defineConfig(
  globalIgnores(['build/', 'dist/', 'node_modules/', '.tap/', 'test/golden/']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [ts.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // tap waits for its tests itself.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafePromises: [
            { from: 'package', package: '@tapjs/core', name: 'PromiseWithSubtest' },
          ],
        },
      ],
    },
  },
  prettier,
  {
    files: ['**/*.{ts,js}'],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      complexity: ['error', 15],
      'max-lines': ['error', 400],
      'max-params': ['error', 4],
      'max-len': ['error', { code: 100, ignoreUrls: true, ignoreRegExpLiterals: true }],
      'no-nested-ternary': 'error',
      eqeqeq: 'error',
      // Looking for control characters is what this project does with all that comes from outside.
      'no-control-regex': 'off',
    },
  },
  {
    files: ['**/*.js'],
    languageOptions: { globals: { require: 'readonly', __filename: 'readonly' } },
  },
  {
    // tap ends an async test when its promise settles; without it each test would need t.end().
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/require-await': 'off' },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      // A plain object answers to `constructor` and `toString` too (src/text/keyed.ts).
      'no-restricted-syntax': [
        'error',
        ...['', '.typeArguments.params.0', '.typeArguments.params.0.typeArguments.params.0']
          .map((inside) => `[id.typeAnnotation.typeAnnotation${inside}`)
          .map((type) => ({
            selector:
              `VariableDeclarator${type}.typeName.name='Record']` +
              `${type}.typeArguments.params.0.type='TSStringKeyword']` +
              ' > ObjectExpression.init[properties.length>0]',
            message: 'A table whose keys may come from outside is made with keyed().',
          })),
        {
          selector: "BinaryExpression[operator='in'][left.type!='Literal']",
          message: 'Use Object.hasOwn(): `in` also finds `constructor` and `toString`.',
        },
      ],
    },
  },
  {
    files: ['src/plan/**/*.ts', 'src/steps/**/*.ts', 'src/volumes/**/*.ts'],
    rules: { complexity: ['error', 10] },
  },
);
