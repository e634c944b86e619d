import { Check } from "lucide-react";
import { DropdownMenu as Radix } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "./cn";

/** A menu that hangs on a button. `trigger` is that button. */
export function Menu({ trigger, children, align = "end" }: MenuProps) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align={align}
          sideOffset={6}
          collisionPadding={12}
          className="z-50 min-w-52 animate-rise rounded-xl bg-raised p-1.5 shadow-float"
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface MenuProps {
  trigger: ReactNode;
  children: ReactNode;
  align?: "start" | "center" | "end";
}

const item =
  "flex min-h-9 cursor-default select-none items-center gap-2.5 rounded-lg px-2.5 py-1.5 outline-none data-[disabled]:opacity-50 data-[highlighted]:bg-sunken [&_svg]:size-4 [&_svg]:text-faint";

export const MenuItem = ({ className, ...rest }: ComponentProps<typeof Radix.Item>) => (
  <Radix.Item className={cn(item, className)} {...rest} />
);

export const MenuLabel = ({ className, ...rest }: ComponentProps<typeof Radix.Label>) => (
  <Radix.Label className={cn("px-2.5 py-1.5 text-faint text-xs", className)} {...rest} />
);

export const MenuSeparator = () => <Radix.Separator className="my-1.5 h-px bg-line" />;

/** A setting that is on or off. */
export const MenuCheckItem = ({ className, children, ...rest }: ComponentProps<typeof Radix.CheckboxItem>) => (
  <Radix.CheckboxItem className={cn(item, className)} {...rest}>
    {children}
    <Radix.ItemIndicator className="ml-auto text-accent-text">
      <Check aria-hidden />
    </Radix.ItemIndicator>
  </Radix.CheckboxItem>
);

export const MenuRadioGroup = Radix.RadioGroup;

export const MenuRadioItem = ({ className, children, ...rest }: ComponentProps<typeof Radix.RadioItem>) => (
  <Radix.RadioItem className={cn(item, "data-[state=checked]:font-medium", className)} {...rest}>
    {children}
    <Radix.ItemIndicator className="ml-auto text-accent-text">
      <Check aria-hidden />
    </Radix.ItemIndicator>
  </Radix.RadioItem>
);
