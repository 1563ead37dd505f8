//! The index over whole captures.

use super::Web;
use crate::model::Analysis;

#[test]
fn no_http_no_index() {
    let analysis = Analysis::default();
    let web = Web::new(&analysis);
    assert!(web.exchanges().is_empty() && web.browsers().is_empty() && web.kept().is_empty());
}
