//! What REST clients rely on.

use serde_json::json;

use crate::support::Gateway;

#[tokio::test]
async fn players_and_teams_as_the_exercise_asks_for() {
    let gateway = Gateway::new(None, "a");
    let made = gateway
        .ask("POST", "/players", r#"{"name":"Ann","team":"Reds"}"#)
        .await;
    assert_eq!((made.status, made.header("location")), (201, "/players/1"));
    assert_eq!(
        made.body,
        json!({"id": 1, "name": "Ann", "team": "Reds", "goals": null})
    );
    gateway.ask("POST", "/players", r#"{"name":"Bob"}"#).await;

    let all = gateway.ask("GET", "/players", "").await;
    assert_eq!(all.body["items"].as_array().unwrap().len(), 2);
    let one = gateway.ask("GET", "/players/2", "").await;
    assert_eq!(one.body["name"], "Bob");
    let moved = gateway
        .ask("PUT", "/players/2/teams", r#"{"team":"Blues"}"#)
        .await;
    assert_eq!((moved.status, &moved.body["team"]), (200, &json!("Blues")));
    let moved = gateway.ask("PUT", "/players/2/teams", r#""Greens""#).await;
    assert_eq!(moved.body["team"], "Greens");

    let made = gateway
        .ask("POST", "/teams", r#"{"name":"Red Sox","city":"Boston"}"#)
        .await;
    assert_eq!(
        (made.status, made.header("location")),
        (201, "/teams/Red%20Sox")
    );
    assert_eq!(
        gateway.ask("GET", made.header("location"), "").await.body["city"],
        "Boston"
    );
    let moved = gateway
        .ask("PUT", "/teams/Red%20Sox/place", r#"{"city":"Bath"}"#)
        .await;
    assert_eq!(moved.body, json!({"name": "Red Sox", "city": "Bath"}));
    assert_eq!(
        gateway.ask("DELETE", "/teams/Red%20Sox", "").await.status,
        204
    );
    assert_eq!(gateway.ask("GET", "/teams/Red%20Sox", "").await.status, 404);
}

#[tokio::test]
async fn bodies_that_do_not_fit_are_refused_with_their_places() {
    let gateway = Gateway::new(None, "a");
    let places = async |method: &str, path: &str, body: &str| {
        let answer = gateway.ask(method, path, body).await;
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{body}"
        );
        let errors = answer.body["errors"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let places = errors
            .iter()
            .map(|error| error["pointer"].as_str().unwrap().to_owned());
        (answer.status, places.collect::<Vec<_>>().join(" "))
    };
    let post = async |body: &str| places("POST", "/players", body).await;
    assert_eq!(
        post(r#"{"team":"Reds","goals":-1,"x":1}"#).await,
        (422, "/goals /x /name".to_owned())
    );
    assert_eq!(post(r#"{"name":null}"#).await, (422, "/name".to_owned()));
    assert_eq!(
        post(r#"{"id":7,"name":"Ann"}"#).await,
        (422, "/id".to_owned())
    );
    assert_eq!(
        post(r#"{"name":"123456789012345678901"}"#).await,
        (422, "/name".to_owned())
    );
    assert_eq!(post("[]").await, (422, String::new()));
    assert_eq!(post(r#"{"name":"#).await, (400, String::new()));
    assert_eq!(
        places("POST", "/teams", r#"{"name":"a/b","city":"c"}"#)
            .await
            .0,
        422
    );
    gateway.ask("POST", "/players", r#"{"name":"Ann"}"#).await;
    assert_eq!(
        places("PATCH", "/players/1", r#"{"id":2}"#).await,
        (422, "/id".to_owned())
    );
    assert_eq!(places("PUT", "/players/1/teams", "5").await.0, 422);
    let plain = [("content-type", "text/plain")];
    assert_eq!(
        gateway
            .ask_with("POST", "/players", "{}", &plain)
            .await
            .status,
        415
    );
    let long = format!("{{\"name\":\"{}\"}}", "x".repeat(70_000));
    assert_eq!(post(&long).await.0, 413);
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there_are_said_so() {
    let gateway = Gateway::new(None, "a");
    for path in [
        "/",
        "/nothing",
        "/players/9",
        "/players/x",
        "/players/-1",
        "/players/1/name",
    ] {
        let answer = gateway.ask("GET", path, "").await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (404, "application/problem+json"),
            "{path}"
        );
    }
    let answer = gateway.ask("DELETE", "/players", "").await;
    assert_eq!(answer.status, 405);
    assert!(
        answer.header("allow").contains("POST"),
        "{}",
        answer.header("allow")
    );
    assert_eq!(gateway.ask("HEAD", "/players", "").await.status, 200);
    assert_eq!(gateway.ask("GET", "/teams/%ff", "").await.status, 400);
}

#[tokio::test]
async fn a_thing_changes_only_for_who_knows_it() {
    let gateway = Gateway::new(None, "a");
    let made = gateway
        .ask("POST", "/teams", r#"{"name":"Reds","city":"Bath"}"#)
        .await;
    let tag = made.header("etag").to_owned();
    assert_eq!(
        gateway
            .ask("POST", "/teams", r#"{"name":"Reds","city":"X"}"#)
            .await
            .status,
        409
    );
    let known = [("if-none-match", &*tag)];
    let read = gateway.ask_with("GET", "/teams/Reds", "", &known).await;
    assert_eq!((read.status, read.header("etag")), (304, &*tag));
    let expect = [("if-match", &*tag)];
    let city = r#"{"city":"York"}"#;
    let changed = gateway
        .ask_with("PATCH", "/teams/Reds", city, &expect)
        .await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), tag);
    assert_eq!(
        gateway
            .ask_with("PATCH", "/teams/Reds", city, &expect)
            .await
            .status,
        412
    );
    assert_eq!(
        gateway
            .ask_with("DELETE", "/teams/Reds", "", &expect)
            .await
            .status,
        412
    );
    // The text is as it was, but the thing has changed and changed back.
    let back = gateway
        .ask("PUT", "/teams/Reds", r#"{"city":"Bath"}"#)
        .await;
    assert_ne!(back.header("etag"), tag);
    let delete = async |tags| {
        let headers = [("if-match", tags)];
        gateway
            .ask_with("DELETE", "/teams/Reds", "", &headers)
            .await
            .status
    };
    assert_eq!(delete("x").await, 412);
    assert_eq!(delete("*").await, 204);
}

#[tokio::test]
async fn lists_come_in_pages() {
    let gateway = Gateway::new(None, "a");
    for number in 0..7 {
        let team = if number % 2 == 0 {
            "Reds & Co"
        } else {
            "Blues"
        };
        let body = json!({"name": format!("p{number}"), "team": team}).to_string();
        gateway.ask("POST", "/players", &body).await;
    }
    let (mut path, mut seen) = (
        "/players?limit=2&team=Reds%20%26%20Co".to_owned(),
        Vec::new(),
    );
    loop {
        let page = gateway.ask("GET", &path, "").await;
        assert_eq!(page.status, 200, "{path}");
        seen.extend(
            page.body["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].clone()),
        );
        match page.body["next"].as_str() {
            None => break assert_eq!(page.header("link"), ""),
            Some(next) => {
                assert_eq!(page.header("link"), format!("<{next}>; rel=\"next\""));
                path = next.to_owned();
            }
        }
    }
    assert_eq!(seen, [1, 3, 5, 7]);
    for query in [
        "limit=0",
        "limit=x",
        "limit=1001",
        "after=x",
        "goals=x",
        "colour=red",
        "limit=1&limit=2",
    ] {
        assert_eq!(
            gateway
                .ask("GET", &format!("/players?{query}"), "")
                .await
                .status,
            400,
            "{query}"
        );
    }
}

#[tokio::test]
async fn what_is_null_is_taken_away_and_what_is_left_out_stays() {
    let gateway = Gateway::new(None, "a");
    gateway
        .ask(
            "POST",
            "/players",
            r#"{"name":"Ann","team":"Reds","goals":3}"#,
        )
        .await;
    let merged = gateway.ask("PATCH", "/players/1", r#"{"team":null}"#).await;
    assert_eq!(
        merged.body,
        json!({"id": 1, "name": "Ann", "team": null, "goals": 3})
    );
    let replaced = gateway
        .ask("PUT", "/players/1", r#"{"id":1,"name":"Eve"}"#)
        .await;
    assert_eq!(
        replaced.body,
        json!({"id": 1, "name": "Eve", "team": null, "goals": null})
    );
    assert_eq!(
        gateway
            .ask("PATCH", "/players/1", r#"{"name":null}"#)
            .await
            .status,
        422
    );
}
