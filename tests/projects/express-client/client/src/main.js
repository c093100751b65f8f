import { h, render } from "preact";

render(h("p", null, import.meta.env.VITE_API_URL), document.getElementById("app"));
