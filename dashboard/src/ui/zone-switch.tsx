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
          <Clock className="max-[23rem]:hidden" aria-hidden />
          <span>{name}</span>
        </Button>
      }
    >
      <MenuLabel>Show dates and times in</MenuLabel>
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
