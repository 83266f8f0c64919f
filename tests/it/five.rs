//! What needs every service at once: the emulators beside each other, what holds for all of them, and the documentation.

mod clock;
mod cloud;
mod declared;
mod docs;
mod faults;
mod logins;
mod resume;
mod services;
