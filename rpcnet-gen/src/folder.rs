//! The folder of a service, and the module that it is.

use proc_macro2::Ident;
use syn::ext::IdentExt;

/// The folder of the service `name`: `compute_service` for `ComputeService`.
pub(crate) fn of(name: &Ident) -> String {
    let folder = snake_case(&name.unraw().to_string());
    // A path may start with these, so no module has their names.
    if matches!(&*folder, "crate" | "self" | "super") { format!("{folder}_") } else { folder }
}

/// The module in `folder`, as code spells it.
pub(crate) fn module(folder: &str) -> String {
    if syn::parse_str::<Ident>(folder).is_ok() { folder.to_owned() } else { format!("r#{folder}") }
}

fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| letters.get(before));
        // `HTTPProxy` has two words.
        let starts_word = before.is_some_and(|before| {
            before.is_lowercase()
                || before.is_ascii_digit()
                || (before.is_uppercase() && letters.get(index + 1).is_some_and(|after| after.is_lowercase()))
        });
        if letter.is_uppercase() && starts_word {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::*;

    fn check(name: &str, folder: &str, as_code: &str) {
        let ident = syn::parse_str(name).unwrap_or_else(|_| Ident::new(name, Span::call_site()));
        assert_eq!(of(&ident), folder, "{name}");
        assert_eq!(module(folder), as_code, "{name}");
    }

    #[test]
    fn a_folder_is_the_service_in_snake_case() {
        check("Greeting", "greeting", "greeting");
        check("ComputeService", "compute_service", "compute_service");
        check("HTTPProxy", "http_proxy", "http_proxy");
        check("V2Api", "v2_api", "v2_api");
        check("Ärzte", "ärzte", "ärzte");
    }

    #[test]
    fn a_keyword_is_a_raw_module_or_gives_way() {
        check("Match", "match", "r#match");
        check("Super", "super_", "super_");
    }
}
