//! The demo merchants and operators, whose keys and passwords are published.

use payrail_store::Role;

use crate::keys;

pub struct DemoMerchant {
    pub name: &'static str,
    pub email: &'static str,
    pub api_key: &'static str,
    pub opening_credit_paise: i64,
}

pub const MERCHANTS: [DemoMerchant; 3] = [
    DemoMerchant {
        name: "Acme Agency",
        email: "acme@example.com",
        api_key: "api-key-acme-agency",
        opening_credit_paise: 1_000_000,
    },
    DemoMerchant {
        name: "Freelancer Fiaz",
        email: "fiaz@example.com",
        api_key: "api-key-freelancer-fiaz",
        opening_credit_paise: 500_000,
    },
    DemoMerchant {
        name: "Tiny Studio",
        email: "tiny@example.com",
        api_key: "api-key-tiny-studio",
        opening_credit_paise: 10_000,
    },
];

pub struct DemoOperator {
    pub name: &'static str,
    pub password: &'static str,
    pub role: Role,
    /// The password's hash. Hashing at each start would delay the first answer.
    pub password_hash: &'static str,
}

pub const OPERATORS: [DemoOperator; 2] = [
    DemoOperator {
        name: "admin",
        password: "payrail-demo-admin",
        role: Role::Operator,
        password_hash: "$argon2id$v=19$m=19456,t=2,p=1$8qrdNrRbnnedEiFtpOpr2w$pIAiwnAQvohZ/dBUphES96q/c8FGOZi/a4/GAkyszQg",
    },
    DemoOperator {
        name: "viewer",
        password: "payrail-demo-viewer",
        role: Role::Viewer,
        password_hash: "$argon2id$v=19$m=19456,t=2,p=1$CSgFzB7vIKVswU1pznhB5g$Zzn+3Ntpsvc/E3vtwn+8yNz+2dEDMjLk2dLnJvb8j4I",
    },
];

/// Everybody knows the published keys, and demo mode issues more keys to anybody. Outside of it they give no access.
pub fn is_demo_key(key: &str) -> bool {
    keys::is_demo(key) || MERCHANTS.iter().any(|demo| demo.api_key == key)
}

pub fn is_published_password(password: &str) -> bool {
    OPERATORS.iter().any(|demo| demo.password == password)
}
