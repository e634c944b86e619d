import { Component, type ReactNode } from "react";
import { connection, watchConnection } from "@/lib/connection";
import { ErrorState } from "./states";

interface BoundaryProps {
  /** What cannot be shown: "This panel". */
  what?: string;
  /** Draws the error in a frame of its own, such as a dialog. */
  frame?: (error: ReactNode) => ReactNode;
  children: ReactNode;
}

/** Keeps an error to the panel it happened in. The panel is tried again by hand, or when the server answers again. */
export class ErrorBoundary extends Component<BoundaryProps, { error: unknown }> {
  override state = { error: null as unknown };
  private unwatch: () => void = () => {};

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override componentDidMount(): void {
    this.unwatch = watchConnection(() => {
      if (!connection().isLost && this.state.error) this.setState({ error: null });
    });
  }

  override componentWillUnmount(): void {
    this.unwatch();
  }

  override render(): ReactNode {
    if (!this.state.error) return this.props.children;
    const error = (
      <ErrorState
        title={`${this.props.what ?? "This panel"} cannot be shown`}
        onRetry={() => this.setState({ error: null })}
      >
        The rest of the page works. Your money is not affected.
      </ErrorState>
    );
    return this.props.frame ? this.props.frame(error) : error;
  }
}
