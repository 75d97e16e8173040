#[rpcnet::service]
pub trait Stock {
    async fn count(&self, shelf: u32) -> Result<u32, String>;
}

#[derive(Clone, Debug)]
pub struct StockClient<T, U> {
    pub counted: (T, U),
}

impl<T, U> StockClient<T, U> {
    pub fn new(counted: (T, U)) -> Self {
        Self { counted }
    }
}

fn main() {}
