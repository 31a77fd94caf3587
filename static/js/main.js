// The one entry of every page. Each module finds its own elements, also after htmx has swapped in new ones.
import "./requests.js";
import "./theme_choice.js";
import "./menu.js";
import "./tabs.js";
import "./dialog.js";
import "./notices.js";
import "./autosave.js";
import "./entries.js";
import "./score.js";
import "./live.js";
import "./moved.js";
import "./times.js";
import "./parts.js";
import "./copy.js";
