import { readdirSync } from 'node:fs';
import hooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

const features = readdirSync(new URL('./src/features', import.meta.url));

export default tseslint.config(
  { ignores: ['node_modules', 'scripts', 'public', 'src/lib/api-types.ts'] },
  ...tseslint.configs.strict,
  hooks.configs.flat.recommended,
  {
    rules: {
      '@typescript-eslint/no-invalid-void-type': 'off',
      'no-restricted-syntax': [
        'error',
        { selector: 'JSXAttribute[name.name="dangerouslySetInnerHTML"]', message: 'Text only (THREATS X-04, X-08).' },
      ],
    },
  },
  // A feature knows the shared parts and itself; what belongs to two of them is put together in src/app.
  ...features.map((feature) => ({
    files: [`src/features/${feature}/**`],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: `^@/features/(?!${feature}/)`, message: 'Features do not import each other.' },
          { group: ['@/app/*'], message: 'Features do not know the app.' }] },
      ],
    },
  })),
  {
    files: ['src/lib/**', 'src/components/**'],
    rules: {
      'no-restricted-imports': ['error', { patterns: ['@/features/*', '@/app/*'] }],
    },
  },
);
