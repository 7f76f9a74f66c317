// Where it begins: everything is started, then the address says what is shown.

import { startCompare } from "./compare_view.js";
import { startControls } from "./controls.js";
import { startDetails } from "./details.js";
import { byId } from "./dom.js";
import { applyFilter, startFilterBox } from "./filter_box.js";
import { startFind } from "./find.js";
import { fault, startKeyboard } from "./keyboard.js";
import { startList } from "./list.js";
import { begin, startLoader } from "./loader.js";
import { startMap } from "./map_view.js";
import { startMinimap } from "./minimap.js";
import { startOverview } from "./overview.js";
import { embedded, SavedPage, Server } from "./source.js";
import { change, onChange, state } from "./store.js";
import { followAddress, parsed } from "./url.js";
import { startWaterfall } from "./waterfall.js";

const data = embedded();
Object.assign(state, parsed(location.hash));  // nobody listens yet
startLoader(data ? new SavedPage(data) : new Server());
startList();
startWaterfall();
startMinimap();
startDetails();
startMap(applyFilter);
startCompare();
startFilterBox();
startFind();
startControls();
startKeyboard();
startOverview();
followAddress(applyFilter);
byId("fault-next").addEventListener("click", () => fault(1));
byId("fault-before").addEventListener("click", () => fault(-1));
const path = byId("critical-path");
path.addEventListener("change", () => change({ showsCriticalPath: path.checked }));
onChange(["showsCriticalPath"], () => {
  path.checked = state.showsCriticalPath;
});
begin();
