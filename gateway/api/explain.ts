import { RegistryError, type Operator } from '../../registry/index.ts';
import { BadRequest } from './bad-request.ts';
import type { ReadImage } from './image.ts';
import type { Route } from './route.ts';

/** What explaining needs. */
export interface ExplainParts {
  readonly operator: Pick<Operator, 'explain'>;
  readonly readImage: ReadImage;
}

/** Which member of a group answers an image, and why the others do not. */
export function explainRoute({ operator, readImage }: ExplainParts): Route {
  return {
    method: 'GET',
    path: '/api/v1/explain',
    need: 'credentials',
    async answer({ caller, query, facts }) {
      const image = query.get('image') ?? '';
      if (image === '') throw new BadRequest('say which image with ?image=NAME:TAG or ?image=NAME@DIGEST');
      const asked = readImage(image, query.get('host') ?? undefined);
      facts.name = asked.name;
      // Whoever may not pull a name must not learn whether there is one.
      if (!caller.may('pull', asked.name)) throw new RegistryError('nameUnknown');
      const ns = query.get('ns') ?? undefined;
      const explanation = await operator.explain(asked.repository, asked.name, asked.reference, ns);
      return { json: { ...explanation, image, repository: asked.repository } };
    },
  };
}
