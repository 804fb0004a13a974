// Runs in the PIN pad's own document (sandboxed, no access to the page around it). It shows the
// picture that the terminal sends and gives back where it was pressed; it never learns a digit
// from the picture. Digits typed on a keyboard pass through without being kept.
"use strict";
(() => {
  const pad = document.getElementById("pad");
  const picture = document.getElementById("picture");
  const status = document.getElementById("status");
  const { ticket, entered, waiting } = document.body.dataset;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const path = location.pathname.replace(/\/+$/, "");
  const socket = new WebSocket(`${scheme}://${location.host}${path}/input?ticket=${ticket}`);
  const send = (message) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };

  socket.addEventListener("message", (event) => {
    const message = JSON.parse(event.data);
    if (message.type === "layout") {
      picture.src = `data:image/svg+xml,${encodeURIComponent(message.image)}`;
      pad.hidden = false;
      status.textContent = entered.replace("{count}", "0");
      pad.focus();
    } else if (message.type === "count") {
      status.textContent = entered.replace("{count}", String(message.digits));
    } else if (message.type === "closed") {
      picture.removeAttribute("src");
      pad.hidden = true;
      status.textContent = waiting;
    }
  });

  pad.addEventListener("click", (event) => {
    const box = pad.getBoundingClientRect();
    // A press by keyboard or screen reader has no pointer: the middle of the button stands for it.
    const own = event.target.closest("button")?.getBoundingClientRect();
    const byPointer = event.detail > 0 || !own;
    const x = byPointer ? event.clientX : own.left + own.width / 2;
    const y = byPointer ? event.clientY : own.top + own.height / 2;
    send({ type: "press", x: (x - box.left) / box.width, y: (y - box.top) / box.height });
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const onButton = event.target instanceof HTMLButtonElement;
    if (onButton && event.key === "Enter" && !event.target.dataset.enter) return;
    if (/^([0-9]|Enter|Backspace|Escape)$/.test(event.key)) {
      event.preventDefault();
      send({ type: "key", key: event.key });
    }
  });
})();
