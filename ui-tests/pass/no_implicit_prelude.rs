//! A module without a prelude has services too.
#![no_implicit_prelude]
#![deny(warnings)]

#[derive(::serde::Serialize, ::serde::Deserialize)]
pub struct Point {
    x: i64,
    y: i64,
}

#[::rpcnet::service(name = "geometry.Plane")]
pub trait Plane {
    /// Moves a point.
    #[rpc(idempotent, deadline = "2s")]
    async fn shift(&self, point: Point, by: i64) -> ::std::result::Result<Point, ()>;
    #[rpc(no_cancel, rename = "reset")]
    async fn clear(&self) -> ::std::result::Result<(), ()>;
}

struct Euclid;

impl Plane for Euclid {
    async fn shift(&self, point: Point, by: i64) -> ::std::result::Result<Point, ()> {
        ::std::result::Result::Ok(Point { x: point.x + by, y: point.y })
    }

    async fn clear(&self) -> ::std::result::Result<(), ()> {
        ::std::result::Result::Ok(())
    }
}

fn main() {
    let _server = PlaneServer::new(Euclid);
}
