import { Tabs as Radix } from "radix-ui";
import type { ComponentProps } from "react";
import { cn } from "./cn";

export const Tabs = Radix.Root;

export const TabList = ({ className, ...rest }: ComponentProps<typeof Radix.List>) => (
  <Radix.List className={cn("flex gap-1 overflow-x-auto border-line border-b px-4", className)} {...rest} />
);

export const Tab = ({ className, ...rest }: ComponentProps<typeof Radix.Trigger>) => (
  <Radix.Trigger
    className={cn(
      "-mb-px h-10 whitespace-nowrap border-transparent border-b-2 px-2 font-medium text-soft hover:text-ink data-[state=active]:border-accent data-[state=active]:text-ink",
      className,
    )}
    {...rest}
  />
);

export const TabPanel = Radix.Content;
