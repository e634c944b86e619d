import { Monitor, Moon, Sun } from "lucide-react";
import { IconButton } from "./button";
import { Menu, MenuRadioGroup, MenuRadioItem } from "./menu";
import { setTheme, type Theme, useTheme } from "./theme";

export const themes = [
  { value: "light", name: "Light", icon: Sun },
  { value: "dark", name: "Dark", icon: Moon },
  { value: "system", name: "Same as system", icon: Monitor },
] as const satisfies readonly { value: Theme; name: string; icon: unknown }[];

export function ThemeSwitch() {
  const theme = useTheme();
  const Current = themes.find((option) => option.value === theme)?.icon ?? Monitor;
  return (
    <Menu
      trigger={
        <IconButton label="Theme">
          <Current aria-hidden />
        </IconButton>
      }
    >
      <MenuRadioGroup value={theme} onValueChange={(value) => setTheme(value as Theme)}>
        {themes.map(({ value, name, icon: Icon }) => (
          <MenuRadioItem key={value} value={value}>
            <Icon aria-hidden />
            {name}
          </MenuRadioItem>
        ))}
      </MenuRadioGroup>
    </Menu>
  );
}
