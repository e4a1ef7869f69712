// The panels in the order of the rail. A panel is a module of panels/ whose default export draws it, and the style
// sheets it needs: one line here, one file there (docs/howto/add-a-panel.md).

export const PANELS = [
  { id: "map", title: ["Team map", "团队地图"], icon: "map", styles: ["vendor/leaflet-1.9.4/leaflet.css", "styles/map.css"], load: () => import("./panels/map.js") },
  { id: "promises", title: ["Promises", "服务承诺"], icon: "promises", styles: ["styles/promises.css"], load: () => import("./panels/promises.js") },
  { id: "planning", title: ["Planning", "日程规划"], icon: "planning", styles: ["vendor/leaflet-1.9.4/leaflet.css", "styles/map.css", "styles/planning.css"], load: () => import("./panels/planning.js") },
  { id: "cockpit", title: ["Cockpit", "驾驶舱"], icon: "cockpit", styles: ["styles/cockpit.css"], load: () => import("./panels/cockpit.js") },
  { id: "knowledge", title: ["Knowledge", "知识库"], icon: "knowledge", styles: ["styles/knowledge.css"], load: () => import("./panels/knowledge.js") },
  { id: "days", title: ["Daily reports", "日报"], icon: "reports", styles: ["styles/days.css"], load: () => import("./panels/days.js") },
  { id: "alerts", title: ["Alerts", "预警"], icon: "alerts", styles: ["styles/alerts.css"], load: () => import("./panels/alerts.js") },
];
