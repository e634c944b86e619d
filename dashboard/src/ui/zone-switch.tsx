import { Clock } from "lucide-react";
import { setZone, useZone, zoneChoices, zoneName } from "@/lib/zone";
import { Button } from "./button";
import { Menu, MenuLabel, MenuRadioGroup, MenuRadioItem } from "./menu";

/** The time zone of all times and days on the page: shown, and changed here. */
export function ZoneSwitch() {
  const zone = useZone();
  const name = zoneName(zone);
  return (
    <Menu
      trigger={
        <Button
          variant="ghost"
          size="small"
          className="px-2 text-xs"
          aria-label={`Time zone: ${name}`}
          title="Time zone"
        >
          <Clock aria-hidden />
          <span className="max-[23rem]:sr-only">{name}</span>
        </Button>
      }
    >
      <MenuLabel>Times and days are shown in</MenuLabel>
      <MenuRadioGroup value={zone} onValueChange={setZone}>
        {zoneChoices().map((choice) => (
          <MenuRadioItem key={choice.zone} value={choice.zone}>
            {choice.name}
          </MenuRadioItem>
        ))}
      </MenuRadioGroup>
    </Menu>
  );
}
