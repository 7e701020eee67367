// A page that runs cells on a live kernel and shows their widgets by ipywidgets' HTML manager. It has the code of
// ipywidgets and of anywidget, as Colab and VS Code load them; NGLview's it has not.

import * as base from "@jupyter-widgets/base";
import { HTMLManager } from "@jupyter-widgets/html-manager";
import { KernelManager, ServerConnection } from "@jupyterlab/services";

const WIDGET = "application/vnd.jupyter.widget-view+json";

/** anywidget as it comes for notebooks: by AMD's `define`. */
const anywidget = fetch("anywidget.js").then(async (answer) => {
  let made;
  new Function("define", await answer.text())((_, factory) => {
    made = factory(base);
  });
  return made;
});

class LiveManager extends HTMLManager {
  constructor(kernel) {
    super({
      loader: async (name) => {
        if (name === "anywidget") return anywidget;
        throw new Error(`this host has no module ${name}`);
      },
    });
    this.kernel = kernel;
    kernel.registerCommTarget(this.comm_target_name, (comm, message) =>
      this.handle_comm_open(new base.shims.services.Comm(comm), message),
    );
  }

  async _create_comm(target, id, data, metadata, buffers) {
    const comm = this.kernel.createComm(target, id);
    if (data || metadata) comm.open(data, metadata, buffers);
    return new base.shims.services.Comm(comm);
  }
}

const baseUrl = `${location.origin}/`;
const serverSettings = ServerConnection.makeSettings({ baseUrl, wsUrl: baseUrl.replace("http", "ws"), token: "" });
const kernel = await new KernelManager({ serverSettings }).startNew({ name: "python3" });
const manager = new LiveManager(kernel);
/** Answers from Python by kind, counted. */
const answers = {};
kernel.iopubMessage.connect((_, { header, content }) => {
  const kind = header.msg_type === "comm_msg" && content.data.method === "custom" && content.data.content?.kind;
  if (kind) answers[kind] = (answers[kind] ?? 0) + 1;
});

async function run(code) {
  const cell = document.createElement("div");
  cell.className = "cell";
  document.body.append(cell);
  const future = kernel.requestExecute({ code });
  const shown = [];
  future.onIOPub = ({ header, content }) => {
    if (header.msg_type === "error") shown.push(Promise.reject(new Error(`${content.ename}: ${content.evalue}`)));
    const widget = content.data?.[WIDGET];
    if (widget) shown.push(show(widget.model_id, cell));
  };
  await future.done;
  await Promise.all(shown);
}

async function show(id, cell) {
  const view = await manager.create_view(await manager.get_model(id));
  await manager.display_view(view, cell);
}

window.bareHost = { run, answers, kernel: kernel.id, end: () => kernel.shutdown() };
