//! Writing XML.

/// A document that is being written.
#[derive(Debug)]
pub(super) struct Xml(String);

impl Xml {
    /// A document with its declaration.
    pub(super) fn document() -> Self {
        Self("<?xml version=\"1.0\"?>".to_owned())
    }

    /// Opens an element with a default namespace.
    pub(super) fn open_with(&mut self, name: &str, namespace: &str) {
        self.0.push_str(&format!("<{name} xmlns=\"{namespace}\">"));
    }

    /// Opens an element.
    pub(super) fn open(&mut self, name: &str) {
        self.0.push('<');
        self.0.push_str(name);
        self.0.push('>');
    }

    /// Closes an element.
    pub(super) fn close(&mut self, name: &str) {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
    }

    /// An element without content.
    pub(super) fn empty(&mut self, name: &str) {
        self.0.push('<');
        self.0.push_str(name);
        self.0.push_str("/>");
    }

    /// An element that holds a text.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.open(name);
        for letter in text.chars() {
            match letter {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                // A reader would turn a carriage return into a line feed.
                '\r' => self.0.push_str("&#xD;"),
                letter => self.0.push(letter),
            }
        }
        self.close(name);
    }

    /// The document.
    pub(super) fn finish(self) -> String {
        self.0
    }
}
