// The table of episodes: a click on a column's name sorts by it, a second click turns the order round.
function sortable(table) {
  const body = table.tBodies[0];
  table.querySelectorAll("thead th").forEach((head, column) => {
    const button = head.querySelector("button");
    if (!button) return;
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const compare = (a, b) => {
        const [p, q] = [key(a), key(b)], [x, y] = [Number(p), Number(q)];
        if (p === "" || q === "") return p === q ? 0 : p === "" ? 1 : -1;
        const order = Number.isNaN(x) || Number.isNaN(y) ? p.localeCompare(q) : x - y;
        return down ? -order : order;
      };
      body.append(...[...body.rows].sort(compare));
    });
  });
}

document.querySelectorAll("table.sortable").forEach(sortable);
const stage = document.querySelector(".player");
if (stage) new Player(stage, JSON.parse(document.getElementById("player-data").textContent));
window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
