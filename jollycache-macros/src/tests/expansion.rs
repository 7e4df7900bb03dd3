//! Snapshots. `UPDATE_EXPECT=1 cargo test -p jollycache-macros` writes them anew.

use expect_test::expect;
use quote::quote;

use super::{expand, expand_method, pretty};
use crate::attribute::Macro;

#[test]
fn cacheable() {
    let expanded = expand(
        Macro::Cacheable,
        quote! { cache = "product", key = "product:{id}", ttl = "30m", none_ttl = "30s" },
        quote! {
            /// Documented.
            #[must_use]
            pub(crate) async fn find_product(id: ProductId) -> Result<Option<Product>, DbError> {
                database().await?.find(id).await
            }
        },
    );
    expect![[r#"
        /// Documented.
        #[must_use]
        pub(crate) async fn find_product(id: ProductId) -> Result<Option<Product>, DbError> {
            use ::jollycache::__private as __jollycache;
            static __JOLLYCACHE_SITE: __jollycache::CallSite = __jollycache::CallSite::new(|| {})
                .region("product")
                .ttl_ms(1800000);
            __jollycache::Return::<Result<Option<Product>, DbError>>::NEW
                .kind()
                .cacheable(&__JOLLYCACHE_SITE)
                .sharing(__jollycache::Share::<Result<Option<Product>, DbError>>::NEW.sharing())
                .none_ttl(|| __jollycache::Duration::from_millis(30000))
                .key(|| __jollycache::Key::builder().literal("product:").part(&id))
                .load(move || __jollycache::boxed(async move {
                    if let __jollycache::Some(returned) = __jollycache::none::<
                        Result<Option<Product>, DbError>,
                    >() {
                        return returned;
                    }
                    database().await?.find(id).await
                }))
                .await
        }
    "#]]
    .assert_eq(&expanded);
}

#[test]
fn cacheable_by_the_default_key() {
    let expanded = expand_method(
        Macro::Cacheable,
        quote! { skip(trace), single_flight = "local", jitter = "12.5%", schema = 2 },
        quote! {
            async fn list<T: Filter>(&self, (page, size): (u32, u32), filter: &T, trace: Trace) -> Vec<Product> {
                self.products.list(page, size, filter, trace).await
            }
        },
    );
    expect![[r#"
        impl Repository {
            async fn list<T: Filter>(
                &self,
                (page, size): (u32, u32),
                filter: &T,
                trace: Trace,
            ) -> Vec<Product> {
                use ::jollycache::__private as __jollycache;
                static __JOLLYCACHE_SITE: __jollycache::CallSite = __jollycache::CallSite::new(||
                    {})
                    .method_in(__jollycache::module_path!())
                    .jitter(0.125)
                    .single_flight(__jollycache::SingleFlight::Local)
                    .schema(2);
                __jollycache::Return::<Vec<Product>>::NEW
                    .kind()
                    .cacheable(&__JOLLYCACHE_SITE)
                    .sharing(__jollycache::Share::<Vec<Product>>::NEW.sharing())
                    .key(|| {
                        __JOLLYCACHE_SITE
                            .key(|| {})
                            .literal(":")
                            .part(&page)
                            .literal(":")
                            .part(&size)
                            .literal(":")
                            .part(&filter)
                    })
                    .load(move || __jollycache::boxed(async move {
                        if let __jollycache::Some(returned) = __jollycache::none::<
                            Vec<Product>,
                        >() {
                            return returned;
                        }
                        self.products.list(page, size, filter, trace).await
                    }))
                    .await
            }
        }
    "#]]
    .assert_eq(&expanded);
}

#[test]
fn put_by_the_returned_value() {
    let expanded = expand_method(
        Macro::Put,
        quote! {
            key = "product:{tenant}:{ret.id}", tags = ["category:{ret.category}:{tenant | hash}", "products"],
            ttl = |product| product.lifetime(), with = self.cache, on_error = "propagate"
        },
        quote! {
            async fn create(&mut self, tenant: String, new: NewProduct) -> Result<Product, Error> {
                self.products.insert(tenant, new).await
            }
        },
    );
    expect![[r#"
        impl Repository {
            async fn create(
                &mut self,
                tenant: String,
                new: NewProduct,
            ) -> Result<Product, Error> {
                use ::jollycache::__private as __jollycache;
                static __JOLLYCACHE_SITE: __jollycache::CallSite = __jollycache::CallSite::new(||
                {});
                __jollycache::Return::<Result<Product, Error>>::NEW
                    .kind()
                    .put(&__JOLLYCACHE_SITE)
                    .with(|| __jollycache::handle(&self.cache))
                    .ttl_by(|product| product.lifetime())
                    .propagate()
                    .key_by(|| {
                        let segment_1 = __jollycache::Segment::new(&tenant);
                        move |ret| {
                            __jollycache::Key::builder()
                                .literal("product:")
                                .part(&segment_1)
                                .literal(":")
                                .part(&ret.id)
                        }
                    })
                    .tag_by(|| {
                        let segment_3 = __jollycache::Segment::hashed(&tenant);
                        move |ret| {
                            __jollycache::Key::builder()
                                .literal("category:")
                                .part(&ret.category)
                                .literal(":")
                                .part(&segment_3)
                        }
                    })
                    .tag(|| __jollycache::Key::builder().literal("products"))
                    .run(move || __jollycache::boxed(async move {
                        if let __jollycache::Some(returned) = __jollycache::none::<
                            Result<Product, Error>,
                        >() {
                            return returned;
                        }
                        self.products.insert(tenant, new).await
                    }))
                    .await
            }
        }
    "#]]
    .assert_eq(&expanded);
}

#[test]
fn evict_by_everything() {
    let expanded = expand(
        Macro::Evict,
        quote! {
            cache = "product", key = "product:{id}", tags = ["products"], pattern = "products:*:{ret.category}", all,
            condition = id > 0, unless = |ret| ret.is_draft(), timeout = "1s"
        },
        quote! { async fn delete(id: u64) -> Product { remove(id).await } },
    );
    expect![[r#"
        async fn delete(id: u64) -> Product {
            use ::jollycache::__private as __jollycache;
            static __JOLLYCACHE_SITE: __jollycache::CallSite = __jollycache::CallSite::new(|| {})
                .region("product")
                .timeout_ms(1000);
            __jollycache::Return::<Product>::NEW
                .kind()
                .evict(&__JOLLYCACHE_SITE)
                .condition(id > 0)
                .all()
                .unless(|ret| ret.is_draft())
                .key(|| {
                    __jollycache::Key::builder()
                        .literal("product:")
                        .part(__jollycache::OneName::of(&id).get())
                })
                .tag(|| __jollycache::Key::builder().literal("products"))
                .pattern_by(|| move |ret| {
                    __jollycache::Pattern::builder()
                        .literal("products:*:")
                        .part(__jollycache::OneName::of(&ret.category).get())
                })
                .run(move || __jollycache::boxed(async move {
                    if let __jollycache::Some(returned) = __jollycache::none::<Product>() {
                        return returned;
                    }
                    remove(id).await
                }))
                .await
        }
    "#]]
    .assert_eq(&expanded);
}

#[test]
fn under_async_trait() {
    let expanded = expand_method(
        Macro::Cacheable,
        quote! { key = "product:{id}" },
        quote! {
            fn find<'life0, 'async_trait>(
                &'life0 self,
                id: u64,
            ) -> ::core::pin::Pin<Box<dyn ::core::future::Future<Output = Option<u64>> + Send + 'async_trait>>
            where
                'life0: 'async_trait,
            {
                Box::pin(async move { the_body(id) })
            }
        },
    );
    expect![[r#"
        impl Repository {
            fn find<'life0, 'async_trait>(
                &'life0 self,
                id: u64,
            ) -> ::core::pin::Pin<
                Box<dyn ::core::future::Future<Output = Option<u64>> + Send + 'async_trait>,
            >
            where
                'life0: 'async_trait,
            {
                use ::jollycache::__private as __jollycache;
                __jollycache::Box::pin(async move {
                    static __JOLLYCACHE_SITE: __jollycache::CallSite = __jollycache::CallSite::new(||
                    {});
                    __jollycache::Return::<Option<u64>>::NEW
                        .kind()
                        .cacheable(&__JOLLYCACHE_SITE)
                        .sharing(__jollycache::Share::<Option<u64>>::NEW.sharing())
                        .key(|| __jollycache::Key::builder().literal("product:").part(&id))
                        .load(move || -> ::core::pin::Pin<
                            Box<
                                dyn ::core::future::Future<
                                    Output = Option<u64>,
                                > + Send + 'async_trait,
                            >,
                        > { Box::pin(async move { the_body(id) }) })
                        .await
                })
            }
        }
    "#]]
    .assert_eq(&expanded);
}

#[test]
fn a_mistake_leaves_the_function_as_it_is() {
    let expanded =
        expand(Macro::Cacheable, quote! { key = "product" }, quote! { async fn find(id: u64) -> u64 { id } });
    expect![[r#"
        ::core::compile_error! {
            "the argument `id` is not in the key: calls that differ in it would share one entry\nput it into the key, `{id}`, or leave it out on purpose, `skip(id)`"
        }
        async fn find(id: u64) -> u64 {
            id
        }
    "#]].assert_eq(&expanded);
}

#[test]
fn placeholders_keep_their_meaning_behind_the_reference() {
    let expanded = expand(
        Macro::Cacheable,
        quote! { key = "a:{id as u64}:{-id}:{(id).pow(2)}", with = if id > 0 { one() } else { two() } },
        quote! { async fn find(id: u32) -> u32 { id } },
    );
    for written in [".part(&(id as u64))", ".part(&-id)", "&(id).pow(2)", "handle(&if id > 0"] {
        assert!(expanded.contains(written), "{written} in\n{expanded}");
    }
}

#[test]
fn config() {
    let expanded = crate::config::config(
        quote! { cache = "product", ttl = "30m", single_flight = "off" },
        quote! {
            impl Repository {
                #[cacheable]
                async fn bare(&self) -> u64 { 1 }
                #[jollycache::cacheable(key = "a", ttl = "1m",)]
                async fn own(&self) -> u64 { 1 }
                #[cache_put(key = "a")]
                #[instrument]
                async fn put(&self) -> u64 { 1 }
                #[cache_evict(all)]
                async fn evict(&self) {}
                fn other(&self) {}
            }
        },
    );
    expect![[r#"
        impl Repository {
            #[cacheable(cache = "product", ttl = "30m", single_flight = "off")]
            async fn bare(&self) -> u64 {
                1
            }
            #[jollycache::cacheable(
                key = "a",
                ttl = "1m",
                cache = "product",
                single_flight = "off"
            )]
            async fn own(&self) -> u64 {
                1
            }
            #[cache_put(key = "a", cache = "product", ttl = "30m")]
            #[instrument]
            async fn put(&self) -> u64 {
                1
            }
            #[cache_evict(all, cache = "product")]
            async fn evict(&self) {}
            fn other(&self) {}
        }
    "#]]
    .assert_eq(&pretty(expanded));
}

#[test]
fn key_part() {
    let expanded = crate::key_part::derive(quote! {
        struct Query<'a, T: Clone> {
            page: u32,
            category: Option<&'a T>,
        }
    });
    expect![[r#"
        #[automatically_derived]
        impl<'a, T: Clone + ::jollycache::KeyPart> ::jollycache::KeyPart for Query<'a, T> {
            fn write_key(&self, out: &mut ::jollycache::KeyWriter<'_>) {
                out.fields([
                    ("category", &self.category as &dyn ::jollycache::KeyPart),
                    ("page", &self.page as &dyn ::jollycache::KeyPart),
                ])
            }
        }
    "#]]
    .assert_eq(&pretty(expanded));
    let expanded = crate::key_part::derive(quote! {
        #[key(crate = renamed)]
        enum Kind { A, B(u8), C { y: u8, x: u8 } }
    });
    expect![[r#"
        #[automatically_derived]
        impl renamed::KeyPart for Kind {
            fn write_key(&self, out: &mut renamed::KeyWriter<'_>) {
                match self {
                    Self::A {} => out.text("A"),
                    Self::B { 0: field_0 } => {
                        out.text("B");
                        out.nested().list([field_0 as &dyn renamed::KeyPart]);
                    }
                    Self::C { y: field_0, x: field_1 } => {
                        out.text("C");
                        out.nested()
                            .fields([
                                ("x", field_1 as &dyn renamed::KeyPart),
                                ("y", field_0 as &dyn renamed::KeyPart),
                            ]);
                    }
                }
            }
        }
    "#]]
    .assert_eq(&pretty(expanded));
}
