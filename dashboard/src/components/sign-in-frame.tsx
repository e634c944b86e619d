import type { ReactNode } from "react";
import { Logo } from "@/ui/logo";
import { ThemeSwitch } from "@/ui/theme-switch";
import { DemoBanner } from "./demo-banner";

interface SignInFrameProps {
  title: string;
  hint: ReactNode;
  isDemo?: boolean;
  /** After the name: "Admin". Its pages have a coloured edge at the top. */
  suffix?: string;
  children: ReactNode;
}

/** Around what is shown before anybody is signed in. */
export const SignInFrame = ({ title, hint, isDemo, suffix, children }: SignInFrameProps) => (
  <div className="flex min-h-dvh flex-col">
    {suffix && <div className="h-1.5 bg-accent" aria-hidden />}
    {isDemo && <DemoBanner />}
    <header className="flex items-center justify-between px-5 py-4 sm:px-8">
      <Logo {...(suffix ? { suffix } : {})} />
      <ThemeSwitch />
    </header>
    <main id="main" className="mx-auto flex w-full max-w-md flex-1 flex-col justify-center gap-6 px-5 pt-4 pb-20">
      <div>
        <h1 className="font-semibold text-2xl">{title}</h1>
        <p className="mt-1.5 text-soft">{hint}</p>
      </div>
      {children}
    </main>
  </div>
);
