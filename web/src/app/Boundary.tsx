import { Component, type ReactNode } from 'react';
import { Trouble } from '@/components/ui/Trouble';
import css from './App.module.css';

/** A fault of the page itself: said in words, with a way on. What was typed is kept as a draft. */
export class Boundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <main className={css.center}>
        <Trouble error={this.state.error} onRetry={() => window.location.reload()} />
      </main>
    );
  }
}
