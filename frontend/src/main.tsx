import { render } from "preact";
import "./style/index.css";
import { Shell } from "./shell/Shell";
import { followTheme } from "./shell/theme";

followTheme();
const root = document.getElementById("app");
if (root) render(<Shell />, root);
