#[derive(serde::Serialize, serde::Deserialize)]
pub enum Shape {
    Circle(u32),
    Square(u32),
}

#[derive(serde::Serialize, serde::Deserialize)]
pub enum LoadError {
    TooLarge,
}

#[rpcnet::service]
pub trait Greeting {
    async fn load(&self, shape: Shape) -> Result<(), LoadError>;
}
