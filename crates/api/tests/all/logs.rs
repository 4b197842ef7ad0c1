//! What both logs have in common (`licensing.md` §14).

use crate::world::World;

#[tokio::test]
async fn a_log_is_asked_for_one_to_thirty_one_days() {
    let world = World::new().await;
    for log in ["event-logs", "request-logs"] {
        for query in [
            "date[start]=2026-06-01",
            "date[end]=2026-06-01",
            "date[start]=2026-06-01&date[end]=2026-06-01",
            "date[start]=2026-06-02&date[end]=2026-06-01",
            "date[start]=2026-06-01&date[end]=2026-07-05",
            "date[start]=x&date[end]=2026-06-01",
            "date=2026-06-01",
        ] {
            let answer = world.admin.get(&format!("{log}?{query}")).await;
            assert_eq!(answer.error(), (400, "", "date"), "{log}?{query}");
        }
        for query in
            ["date[start]=2026-06-01&date[end]=2026-06-02", "date[start]=2026-05-02&date[end]=2026-06-02"]
        {
            assert_eq!(world.admin.get(&format!("{log}?{query}")).await.status, 200, "{log}?{query}");
        }
    }
}
