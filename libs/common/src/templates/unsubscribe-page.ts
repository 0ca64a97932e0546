import { compile } from './engine';
import { type Labels } from './texts';
import layout from './unsubscribe-page.txt';

export type UnsubscribePage = 'question' | 'done';

const PAGE = compile(layout, 'en', true);

export function unsubscribePage(
  page: UnsubscribePage,
  locale: string,
  labels: Labels,
  action: string,
): string {
  const isQuestion = page === 'question';
  return PAGE({
    locale,
    text: isQuestion ? labels.stop_question : labels.stopped,
    button: isQuestion ? { action, label: labels.stop } : null,
  });
}
